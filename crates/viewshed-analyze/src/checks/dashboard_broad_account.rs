//! Dashboards whose own account sees much, or which are open to whoever finds them.

use viewshed_model::{
    Confidence, DockerContainer, DockerHost, Finding, Mitigation, Severity, Subject, SubjectKind,
};

use super::facts::{
    Asked, ClusterFacts, Product, Runner, Serves, Sight, SocketAccess, can_i_as, container_place,
    count, dashboard_of, dashboard_of_image, links, open_switches, reproduce, sight_of,
    socket_access_on, ways_in,
};
use super::{Check, MANY};
use crate::see::mounted_path;

pub(super) static CHECK: Check = Check {
    name: "dashboard-broad-account",
    title: "a dashboard shows the cluster with a broad account of its own",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/dashboard-broad-account.md"),
    findings_max: MANY,
    on_cluster: Some(judge_cluster),
    on_docker_host: Some(judge_host),
};

fn judge_cluster(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    facts
        .runners
        .iter()
        .filter_map(|runner| judge_runner(facts, runner, dashboard_of(runner)?))
        .collect()
}

fn judge_runner(
    facts: &ClusterFacts<'_>,
    runner: &Runner<'_>,
    product: &'static Product,
) -> Option<Finding> {
    let account = runner.service_account();
    let sight = sight_of(&facts.access.service_account(runner.namespace, account));
    let switches = open_switches(runner);
    let ways = ways_in(&facts.by_namespace, runner);
    // Without a login of its own, the dashboard lends its account to each visitor.
    let lends = product.serves == Serves::WithOwnAccount || !switches.is_empty();
    let severity = match (sight, lends, ways.is_empty()) {
        (Sight::Nothing, _, _) => return None,
        (Sight::Control | Sight::Secrets | Sight::Inventory, true, false) => Severity::Critical,
        (Sight::Control | Sight::Secrets, true, true) => Severity::High,
        (Sight::Inventory, true, true) => Severity::Medium,
        (Sight::Control | Sight::Secrets, false, false) => Severity::High,
        (Sight::Control | Sight::Secrets, false, true) => Severity::Medium,
        (Sight::Inventory, false, _) => Severity::Low,
    };
    // Products with a login of their own lend the account only to those who pass it.
    let severity = match product.serves {
        Serves::AfterOwnLogin => severity.min(Severity::High),
        Serves::WithOwnAccount | Serves::WithUserToken => severity,
    };
    let mut finding = CHECK.finding(facts.place_of(runner), severity, Confidence::High);
    let visitors = match (lends, ways.is_empty()) {
        (true, false) => "lends every visitor from outside the cluster",
        (true, true) => "lends every visitor from inside the cluster",
        (false, _) => "runs with",
    };
    finding.title = format!(
        "{} in `{}` {visitors} an account that can {}",
        product.name,
        runner.namespace,
        sight.words()
    );
    finding.exposed_count = facts.objects.total();
    let subject = Subject {
        kind: SubjectKind::ServiceAccount,
        name: account.to_owned(),
        namespace: Some(runner.namespace.to_owned()),
    };
    let mut steps = vec![
        format!(
            "{} runs {} ({})",
            runner.object(),
            product.name,
            product.serves.words()
        ),
        format!("{subject} can {} in the whole cluster", sight.words()),
    ];
    steps.extend(switches);
    steps.extend(ways.iter().cloned());
    if ways.is_empty() {
        steps.push(
            "no Service, Ingress or route publishes it outside the cluster; every pod can reach it"
                .to_owned(),
        );
    }
    if product.is_retired {
        steps.push("the project is retired: no security fixes are made for it any more".to_owned());
    }
    finding.evidence = links(steps);
    finding.fix = product.fix.into();
    finding.reproduce = can_i_as(
        Asked {
            verb: sight.verb(),
            resource: sight.resource(),
            ..Asked::default()
        },
        Some(&subject),
    );
    finding.subjects = vec![subject];
    Some(finding)
}

fn judge_host(host: &DockerHost) -> Vec<Finding> {
    host.containers
        .iter()
        .filter_map(|container| {
            judge_container(host, container, dashboard_of_image(&container.image)?)
        })
        .collect()
}

/// On a Docker host a dashboard's account is the socket.
fn judge_container(
    host: &DockerHost,
    container: &DockerContainer,
    product: &'static Product,
) -> Option<Finding> {
    let socket = container
        .mounts
        .iter()
        .find(|mount| socket_access_on(host, mounted_path(mount)) == Some(SocketAccess::Socket))?;
    let published: Vec<String> = container
        .ports
        .iter()
        .filter(|port| !port.host_ip.starts_with("127.") && port.host_ip != "::1")
        .map(|port| format!("the host publishes its port {}", port.container_port))
        .collect();
    let severity = match (product.serves, published.is_empty()) {
        (Serves::WithOwnAccount, false) => Severity::Critical,
        (Serves::AfterOwnLogin | Serves::WithUserToken, false) => Severity::Medium,
        (_, true) => Severity::Low,
    };
    let mut finding = CHECK.finding(container_place(host, container), severity, Confidence::High);
    finding.title = format!(
        "{} shows {} of the host through `{}`",
        product.name,
        count(host.containers.len(), "container"),
        socket.source
    );
    finding.exposed_count = host.containers.len() as u64;
    let mut steps = vec![
        format!(
            "container `{}` runs {} ({})",
            container.name,
            product.name,
            product.serves.words()
        ),
        format!("it mounts the runtime's socket `{}`", socket.source),
    ];
    steps.extend(published);
    finding.evidence = links(steps);
    finding.fix = "publish its port on 127.0.0.1 only (`127.0.0.1:9000:9000`) and reach it through SSH or an \
        authenticating proxy"
        .into();
    finding.reproduce = reproduce(&["docker", "port", &container.name]);
    Some(finding)
}
