//! An ordinary cluster, and what runs the scripts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use viewshed_model::{Activity, Incident};

use crate::script::{BASE_S, activities};
use crate::{Baseline, Engine, Settings};

/// An hour of an ordinary small cluster from its start: controllers that list and watch, kubelets and the
/// scheduler with their ordinary refusals, people, a deployer, a scraper, a tool that keeps a cluster as a repository has it.
pub(crate) const ORDINARY: &str = "
08:00:00 system:kube-scheduler list pods -A rv=0 200
+1s system:kube-scheduler watch pods -A rv=1 200
+1s system:kube-scheduler list nodes -A rv=0 200
+1s system:kube-scheduler watch nodes -A rv=1 200
+1s system:kube-scheduler list configmaps -n kube-system 403
+1s system:kube-scheduler get configmaps extension -n kube-system 403
+1s system:kube-controller-manager list secrets -A rv=0 200
+1s system:kube-controller-manager watch secrets -A rv=1 200
+1s system:kube-controller-manager GET /apis 200
+1s kube-system/generic-garbage-collector list pods -A rv=0 200
+0s kube-system/generic-garbage-collector list secrets -A rv=0 200
+0s kube-system/generic-garbage-collector list configmaps -A rv=0 200
+0s kube-system/generic-garbage-collector list roles.rbac.authorization.k8s.io -A rv=0 200
+0s kube-system/generic-garbage-collector list nodes -A rv=0 200
+0s kube-system/generic-garbage-collector list kind%.example.com -A rv=0 200 x30
+1s kube-system/generic-garbage-collector watch pods -A rv=7 200
+0s kube-system/generic-garbage-collector watch secrets -A rv=7 200
+0s kube-system/generic-garbage-collector watch configmaps -A rv=7 200
+0s kube-system/generic-garbage-collector watch roles.rbac.authorization.k8s.io -A rv=7 200
+0s kube-system/generic-garbage-collector watch nodes -A rv=7 200
+0s kube-system/generic-garbage-collector watch kind%.example.com -A rv=7 200 x30
+1s kube-system/generic-garbage-collector get replicasets.apps web-% -n shop 404 x5
+0s kube-system/generic-garbage-collector delete pods web-% -n shop 200 x5
+1s node:worker-1 list pods -A field=spec.nodeName=worker-1 200
+0s node:worker-1 watch pods -A field=spec.nodeName=worker-1 200
+0s node:worker-1 list services -A rv=0 200
+0s node:worker-1 watch services -A rv=1 200
+0s node:worker-1 get secrets tls -n shop 403
+0s node:worker-1 get pods gone -n shop 404
+0s node:worker-1 get nodes worker-1 200 x20
+0s node:worker-1 create subjectaccessreviews.authorization.k8s.io 201
+1s monitoring/prometheus list pods -A rv=0 200
+0s monitoring/prometheus list endpoints -A rv=0 200
+0s monitoring/prometheus list services -A rv=0 200
+0s monitoring/prometheus watch pods -A rv=3 200
+0s monitoring/prometheus watch endpoints -A rv=3 200
+0s monitoring/prometheus watch services -A rv=3 200
+1s monitoring/prometheus kubelet get nodes/metrics worker-1 200 x10
+1s monitoring/kube-state-metrics list secrets -A rv=0 200
+0s monitoring/kube-state-metrics list nodes -A rv=0 200
+0s monitoring/kube-state-metrics list namespaces -A rv=0 200
+0s monitoring/kube-state-metrics watch secrets -A rv=3 200
+0s monitoring/kube-state-metrics watch nodes -A rv=3 200
+0s monitoring/kube-state-metrics watch namespaces -A rv=3 200
+5s shop/cart GET /api 200
+1s shop/cart get configmaps cart -n shop 200 x5
+10m shop/cart get configmaps cart -n shop 200 x5
+1m alice list pods -n shop 200
+10s alice get pods cart-7d -n shop 200
+5s alice get pods/log cart-7d -n shop 200
+1m bob list deployments.apps -n shop 200
+1m ci/deployer GET /api ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 200
+0s ci/deployer GET /apis ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 200
+0s ci/deployer get deployments.apps web -n shop ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 404
+0s ci/deployer create deployments.apps web -n shop ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 201
+0s ci/deployer get services web -n shop ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 404
+0s ci/deployer create services web -n shop ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 201
+0s ci/deployer list pods -n shop ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0 200
+1m anonymous @10.0.0.254 GET /healthz 200 x20
+0s anonymous @10.0.0.254 GET /livez 200
+0s anonymous @10.0.0.7 get configmaps cluster-info -n kube-public 200
+1m shop/cart get configmaps cart -n shop 200 x5
+10m shop/cart get configmaps cart -n shop 200 x5
";

/// The wall clock of all tests: some days later than any script.
pub(crate) fn wall() -> Timestamp {
    Timestamp::from_second(BASE_S + 86_400 * 90).unwrap()
}

pub(crate) fn engine() -> Engine {
    Engine::new(Settings::default(), Baseline::default())
}

/// Only the last revision of each incident.
pub(crate) fn latest(told: Vec<Incident>) -> Vec<Incident> {
    let mut last: BTreeMap<String, Incident> = BTreeMap::new();
    for incident in told {
        last.insert(incident.id.clone(), incident);
    }
    last.into_values().collect()
}

/// Runs a script after an ordinary hour.
pub(crate) fn after_an_hour(script: &str) -> Vec<Incident> {
    let mut batch = activities(ORDINARY, 0);
    batch.extend(renamed(activities(script, 0)));
    run(&batch)
}

/// Runs a script after that hour has happened on each of 34 days.
pub(crate) fn after_a_month(script: &str) -> Vec<Incident> {
    let mut batch = Vec::new();
    for day in -34..=0 {
        batch.extend(activities(ORDINARY, day));
    }
    batch.extend(renamed(activities(script, 0)));
    run(&batch)
}

/// Runs a script after another one on each of so many days before.
pub(crate) fn after(usual: &str, days: i64, script: &str) -> Vec<Incident> {
    let before = (-days..0).flat_map(|day| activities(usual, day));
    let batch: Vec<Activity<'_>> = before.chain(renamed(activities(script, 0))).collect();
    run(&batch)
}

pub(crate) fn run(batch: &[Activity<'_>]) -> Vec<Incident> {
    let mut told = Vec::new();
    let mut engine = engine();
    engine.step(wall(), batch, &mut told);
    engine.finish(wall(), &mut told);
    latest(told)
}

/// Ids of the script are `s-1`, `s-2`, ... so that they differ from the ordinary ones.
pub(crate) fn renamed(mut script: Vec<Activity<'static>>) -> Vec<Activity<'static>> {
    for (number, one) in script.iter_mut().enumerate() {
        if one.id.starts_with('d') {
            one.id = format!("s-{}", number + 1).into();
        }
    }
    script
}
