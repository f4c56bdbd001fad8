//! A large estate: many findings, identities and kinds of resources.

use viewshed_model::{Finding, GrantOrigin, IdentityRank, ScanReport, Severity, SubjectKind};

use super::{finding, gap, scan_report, subject};

const KINDS: [&str; 22] = [
    "pods",
    "pods/log",
    "secrets",
    "nodes",
    "namespaces",
    "services",
    "deployments.apps",
    "configmaps",
    "serviceaccounts",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "events",
    "replicasets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "ingresses.networking.k8s.io",
    "endpointslices.discovery.k8s.io",
    "networkpolicies.networking.k8s.io",
    "certificates.cert-manager.io",
    "leases.coordination.k8s.io",
];
const NAMESPACES: [&str; 6] = ["shop", "payments", "ci", "monitoring", "identity", "search"];

/// 40 findings, 30 identities and one gap per `factor`, besides those of the small report.
pub(crate) fn large_report(factor: usize) -> ScanReport {
    let mut report = scan_report();
    report.totals = KINDS
        .iter()
        .zip(1..)
        .map(|(kind, place)| ((*kind).to_owned(), 4_127 / place))
        .collect();
    let evidence = report.findings[0].evidence.clone();
    report
        .findings
        .extend((0..40 * factor).map(|index| Finding {
            evidence: evidence.clone(),
            ..worker(index)
        }));
    let chains = report.ranks[0].chains.clone();
    report.ranks = (0..30 * factor)
        .map(|index| IdentityRank {
            chains: chains.clone(),
            ..rank(index, &report.totals)
        })
        .collect();
    report
        .ranks
        .sort_by_key(|row| std::cmp::Reverse(row.visible));
    report.gaps = vec![gap(); factor];
    report
}

fn worker(index: usize) -> Finding {
    let namespace = NAMESPACES[index % NAMESPACES.len()];
    let (check, severity) = [
        ("wildcard-role", Severity::High),
        ("nodes-proxy-holder", Severity::Medium),
        ("broad-dashboard", Severity::Medium),
    ][index % 3];
    let name = format!("worker-{index}");
    Finding {
        namespace: namespace.to_owned(),
        object: format!("RoleBinding {name}"),
        subjects: vec![subject(SubjectKind::ServiceAccount, &name)],
        exposed_count: 12,
        fix: format!("Replace the wildcard in Role `{name}` by the resources it needs."),
        ..finding(
            check,
            severity,
            &format!("{namespace}/{name} can list every object of namespace `{namespace}`"),
        )
    }
}

fn rank(index: usize, totals: &[(String, u64)]) -> IdentityRank {
    let number = index as u64;
    let reach = 100_u64
        .saturating_sub(number * 7 % 110 + number / 4)
        .max(number % 3);
    let by_resource: Vec<(String, u64)> = totals
        .iter()
        .zip(number..)
        .map(|((kind, total), place)| {
            let part = if place.is_multiple_of(4) { 0 } else { reach };
            (kind.clone(), total * part / 100)
        })
        .collect();
    IdentityRank {
        subject: match index % 3 {
            0 => subject(SubjectKind::Group, &format!("team-{index}@example.org")),
            1 => subject(SubjectKind::ServiceAccount, &format!("operator-{index}")),
            _ => subject(
                SubjectKind::User,
                &format!("system:controller:part-{index}"),
            ),
        },
        visible: by_resource.iter().map(|(_, number)| number).sum(),
        total: totals.iter().map(|(_, number)| number).sum(),
        by_resource,
        namespaces: 14,
        origin: [
            GrantOrigin::Human,
            GrantOrigin::Human,
            GrantOrigin::Bootstrap,
            GrantOrigin::System,
        ][index % 4],
        bindings: vec![
            format!("ClusterRoleBinding team-{index}"),
            "RoleBinding shop/readers".to_owned(),
        ],
        unknown_members: index.is_multiple_of(3),
        impersonates: Vec::new(),
        further: Vec::new(),
        chains: Vec::new(),
    }
}
