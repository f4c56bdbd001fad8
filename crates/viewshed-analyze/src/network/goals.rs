//! Targets as exact points: which addresses and ports of a cluster a word like `kubelet` stands for.
//!
//! Ports without a source beside them are the programs' documented defaults
//! (<https://kubernetes.io/docs/reference/networking/ports-and-protocols/>).

mod listening;
mod metrics;

use std::net::IpAddr;

use viewshed_model::{Container, Protocol, Service, Target};

use super::address::{Family, address, not_public};
use super::ends::{By, End, Which};
use super::index::NetworkIndex;
use super::kernel::SpotOrigin;
use super::place::{Body, NOT_API_SERVER, Places, PodPlace};
use super::ports::{Point, point};

/// Where a connection goes.
#[derive(Debug, Clone)]
pub(super) enum Goal<'c> {
    /// To an end's own address.
    End(Box<End<'c>>),
    /// To a service, by its name or one of its addresses.
    Service(&'c Service, By),
    /// To a program that listens on its node's loopback address only.
    Loopback(Box<End<'c>>),
    /// To an end that means something only where a fact holds, which completes "depends on ...".
    Perhaps(Box<End<'c>>, &'static str),
    /// Nobody knows where; completes "depends on ...".
    Missing(String),
}

/// One point of a target.
#[derive(Debug, Clone)]
pub(super) struct TargetPoint<'c> {
    pub(super) goal: Goal<'c>,
    pub(super) ports: Vec<Point>,
    /// For sentences: `kubelet of node worker-1`.
    pub(super) what: String,
}

/// Where clouds tell a machine about itself, by the prefix of `spec.providerID`.
struct MetadataPoint {
    /// Empty: everywhere.
    provider: &'static str,
    address: &'static str,
    ports: &'static [u16],
}

/// AWS: EC2 user guide "Access instance metadata", EKS Pod Identity agent; Google: Workload Identity's
/// `gke-metadata-server`; Azure: "What is IP address 168.63.129.16?"; Alibaba Cloud: "Instance metadata".
const METADATA: [MetadataPoint; 7] = [
    metadata("", "169.254.169.254", &[80]),
    metadata("aws:", "fd00:ec2::254", &[80]),
    metadata("aws:", "169.254.170.23", &[80]),
    metadata("aws:", "fd00:ec2::23", &[80]),
    metadata("gce:", "169.254.169.252", &[987, 988]),
    metadata("azure:", "168.63.129.16", &[80, 32526]),
    metadata(ALIBABA, "100.100.100.200", &[80]),
];

const ALIBABA: &str = "alicloud";

const fn metadata(
    provider: &'static str,
    address: &'static str,
    ports: &'static [u16],
) -> MetadataPoint {
    MetadataPoint {
        provider,
        address,
        ports,
    }
}

const KUBELET: u16 = 10_250;
const READ_ONLY: u16 = 10_255;
const API_SERVER: u16 = 6443;
const ETCD: u16 = 2379;
const SCHEDULER: u16 = 10_259;
const CONTROLLER_MANAGER: u16 = 10_257;
/// `healthz-bind-address`; metrics on 10249 are bound to the loopback address by default.
const KUBE_PROXY: u16 = 10_256;
/// Without and with TLS (<https://docs.docker.com/engine/daemon/remote-access/>).
const DOCKER: [u16; 2] = [2375, 2376];

fn tcp(ports: &[u16]) -> Vec<Point> {
    ports
        .iter()
        .map(|port| point(Protocol::Tcp, *port))
        .collect()
}

impl<'c> NetworkIndex<'c> {
    /// Every point of a target; empty when the cluster shows none.
    pub(super) fn points_of(&self, target: Target) -> Vec<TargetPoint<'c>> {
        match target {
            Target::Apiserver => self.api_server_points(),
            Target::Kubelet => self.kubelet_points(),
            Target::Etcd => self.program_points("etcd", ETCD),
            Target::Scheduler => self.program_points("kube-scheduler", SCHEDULER),
            Target::ControllerManager => {
                self.program_points("kube-controller-manager", CONTROLLER_MANAGER)
            }
            Target::KubeProxy => self.node_points("kube-proxy", &[KUBE_PROXY]),
            Target::Metadata => self.metadata_points(),
            Target::Docker => self.docker_points(),
            Target::Dashboard => self.dashboard_points(),
            Target::Metrics => self.metrics_points(),
            Target::World => self.world_points(),
        }
    }

    fn api_server_points(&self) -> Vec<TargetPoint<'c>> {
        let mut points = Vec::new();
        if let Some(service) = self.service("default", "kubernetes") {
            let ports = service.ports.iter().filter_map(|port| {
                let protocol: Protocol = port.protocol.parse().ok()?;
                Some(point(protocol, port.port))
            });
            points.push(TargetPoint {
                goal: Goal::Service(service, By::Name),
                ports: ports.collect(),
                what: "the API server at its service address".to_owned(),
            });
        }
        let slices = self.referred.endpoints.get(&("default", "kubernetes"));
        for slice in slices.into_iter().flatten() {
            let ports = slice.ports.iter();
            let ports: Vec<Point> = ports.map(|(kind, port)| point(*kind, *port)).collect();
            points.extend(slice.addresses.iter().map(|address| TargetPoint {
                goal: Goal::End(Box::new(self.address_end(*address))),
                ports: ports.clone(),
                what: format!("the API server at `{address}`"),
            }));
        }
        if slices.is_none() {
            let nodes = (0_u32..).zip(&self.places.nodes);
            let nodes = nodes.filter(|(_, node)| node.body.api_server != NOT_API_SERVER);
            points.extend(nodes.map(|(index, node)| TargetPoint {
                goal: Goal::End(Box::new(self.node_end(index))),
                ports: tcp(&[API_SERVER]),
                what: format!("the API server on node `{}`", node.name),
            }));
        }
        if points.is_empty() {
            points.push(Self::unplaced_api_server());
        }
        points
    }

    /// Every cluster has one, wherever it is.
    fn unplaced_api_server() -> TargetPoint<'c> {
        let end = End {
            body: Body {
                api_server: [true; 2],
                ..Places::outside(None)
            },
            what: "the API server".to_owned(),
            which: Which::SomeAddress,
        };
        TargetPoint {
            goal: Goal::End(Box::new(end)),
            ports: tcp(&[443, API_SERVER]),
            what: "the API server, whose address is not in the estate".to_owned(),
        }
    }

    fn kubelet_points(&self) -> Vec<TargetPoint<'c>> {
        let mut points = Vec::new();
        for (index, place) in (0_u32..).zip(&self.places.nodes) {
            let told = place.node.map_or(0, |node| node.kubelet_port);
            let mut ports = vec![if told == 0 { KUBELET } else { told }];
            let settings = place.node.and_then(|node| node.kubelet.as_ref());
            let what = format!("the kubelet of node `{}`", place.name);
            match settings {
                Some(settings) => ports.extend(settings.read_only_port.filter(|port| *port != 0)),
                None => points.extend(self.read_only_point(self.node_end(index), &what)),
            }
            points.push(TargetPoint {
                goal: Goal::End(Box::new(self.node_end(index))),
                ports: tcp(&ports),
                what,
            });
        }
        if points.is_empty() {
            let what = "the kubelet of a node that the estate does not name";
            points.extend(self.read_only_point(Self::some_node(), what));
            points.push(TargetPoint {
                goal: Goal::End(Box::new(Self::some_node())),
                ports: tcp(&[KUBELET]),
                what: what.to_owned(),
            });
        }
        points
    }

    /// The read-only port of a kubelet whose own settings were not read. Files with settings are those of some nodes,
    /// of which nobody says which; they leave it closed unless they open it (`KubeletConfiguration`, `readOnlyPort`).
    fn read_only_point(&self, node: End<'c>, what: &str) -> Option<TargetPoint<'c>> {
        let files = &self.cluster().kubelet_files;
        let mut told = files.iter().filter_map(|file| file.read_only_port);
        let port = match told.find(|port| *port != 0) {
            Some(port) => port,
            None if files.is_empty() => READ_ONLY,
            None => return None,
        };
        Some(TargetPoint {
            goal: Goal::Perhaps(
                Box::new(node),
                "whether the kubelet's read-only port is open",
            ),
            ports: tcp(&[port]),
            what: format!("the read-only port of {what}"),
        })
    }

    /// Docker's API on nodes whose kubelets say that they run Docker, or do not say what they run. It listens on TCP
    /// only where somebody set it up so.
    fn docker_points(&self) -> Vec<TargetPoint<'c>> {
        let is_other = |what: &TargetPoint<'c>| {
            let Goal::End(end) = &what.goal else {
                return false;
            };
            let Which::Node(Some(index)) = end.which else {
                return false;
            };
            let place = self.places.nodes.get(index as usize);
            let runtime = place
                .and_then(|place| place.node)
                .map(|node| &*node.runtime);
            runtime.is_some_and(|runtime| !runtime.is_empty() && !runtime.starts_with("docker"))
        };
        let points = self.node_points("Docker's API", &DOCKER).into_iter();
        let points = points.filter(|point| !is_other(point)).map(|point| {
            let fact = "whether a Docker engine listens on TCP there";
            let goal = match point.goal {
                Goal::End(end) => Goal::Perhaps(end, fact),
                other => other,
            };
            TargetPoint { goal, ..point }
        });
        points.collect()
    }

    fn node_points(&self, what: &str, ports: &[u16]) -> Vec<TargetPoint<'c>> {
        let mut points: Vec<TargetPoint<'c>> = (0_u32..)
            .zip(&self.places.nodes)
            .map(|(index, place)| TargetPoint {
                goal: Goal::End(Box::new(self.node_end(index))),
                ports: tcp(ports),
                what: format!("{what} of node `{}`", place.name),
            })
            .collect();
        if points.is_empty() {
            points.push(TargetPoint {
                goal: Goal::End(Box::new(Self::some_node())),
                ports: tcp(ports),
                what: format!("{what} of a node that the estate does not name"),
            });
        }
        points
    }

    /// A control-plane program that runs in pods; elsewhere nobody knows where it is.
    fn program_points(&self, program: &str, port: u16) -> Vec<TargetPoint<'c>> {
        let mut points = Vec::new();
        for (index, place) in (0_u32..).zip(&self.places.pods) {
            let Some(container) = runs(place, program) else {
                continue;
            };
            let (Some(end), false) = (self.pod_end(index), place.has_ended) else {
                continue;
            };
            let what = format!("{program} of {}", end.what);
            let heard = listening::of_program(container, port);
            for (ports, is_hidden) in [(heard.outside, false), (heard.loopback, true)] {
                if ports.is_empty() {
                    continue;
                }
                let end = Box::new(end.clone());
                let goal = if is_hidden && place.is_on_host {
                    Goal::Loopback(end)
                } else {
                    Goal::End(end)
                };
                points.push(TargetPoint {
                    goal,
                    ports: tcp(&ports),
                    what: what.clone(),
                });
            }
        }
        if points.is_empty() {
            points.push(TargetPoint {
                goal: Goal::Missing(format!("where {program} runs")),
                ports: tcp(&[port]),
                what: program.to_owned(),
            });
        }
        points
    }

    fn metadata_points(&self) -> Vec<TargetPoint<'c>> {
        let providers = self.cluster().nodes.iter().map(|node| &*node.provider_id);
        let mut providers: Vec<&str> = providers.collect();
        providers.sort_unstable();
        providers.dedup();
        let is_untold = providers.is_empty() || providers.iter().any(|id| !tells_cloud(id));
        let is_used = |point: &&MetadataPoint| {
            let is_own = |id: &&str| is_of_cloud(id, point.provider);
            let is_used = point.provider.is_empty() || providers.iter().any(is_own);
            (is_used || is_untold).then_some(is_used)
        };
        METADATA
            .iter()
            .filter_map(|point| Some((point, is_used(&point)?, point.address.parse().ok()?)))
            .filter(|(_, _, address)| self.leaves_by(Family::of(*address)))
            .map(|(point, is_used, address): (_, _, IpAddr)| {
                let end = Box::new(self.address_end(address));
                TargetPoint {
                    goal: if is_used {
                        Goal::End(end)
                    } else {
                        Goal::Perhaps(end, "which cloud the nodes run in")
                    },
                    ports: tcp(point.ports),
                    what: format!("the metadata address `{address}`"),
                }
            })
            .collect()
    }

    fn dashboard_points(&self) -> Vec<TargetPoint<'c>> {
        self.pod_points(|place| {
            let name = crate::checks::dashboard_name(place.origin.spec(), place.labels())?;
            let ports = declared(place, |_| true);
            Some((name.to_owned(), ports))
        })
    }

    fn pod_points(
        &self,
        judge: impl Fn(&PodPlace<'c>) -> Option<(String, Vec<Point>)>,
    ) -> Vec<TargetPoint<'c>> {
        let mut points = Vec::new();
        for (index, place) in (0_u32..).zip(&self.places.pods) {
            if place.has_ended {
                continue;
            }
            if let (Some((what, ports)), Some(end)) = (judge(place), self.pod_end(index)) {
                points.push(TargetPoint {
                    what: format!("{what} of {}", end.what),
                    goal: Goal::End(Box::new(end)),
                    ports,
                });
            }
        }
        points
    }

    /// One public address of every stretch that policies can tell apart.
    fn world_points(&self) -> Vec<TargetPoint<'c>> {
        let mut points: Vec<TargetPoint<'c>> = self.beyond_way_out().into_iter().collect();
        for kernel in &self.kernels {
            let excluded = not_public(kernel.family);
            for spot in &kernel.space.spots {
                let SpotOrigin::Addresses(ranges) = &spot.origin else {
                    continue;
                };
                let Some(first) = ranges.minus(&excluded).first() else {
                    continue;
                };
                let address = address(kernel.family, first);
                points.push(self.public_point(address));
            }
        }
        points
    }

    /// Public addresses that are like this one.
    pub(super) fn public_point(&self, address: IpAddr) -> TargetPoint<'c> {
        TargetPoint {
            goal: Goal::End(Box::new(self.address_end(address))),
            ports: tcp(&[80, 443]),
            what: format!("public addresses such as `{address}`"),
        }
    }
}

/// Whether a node's `spec.providerID` is one of a cloud's. Alibaba's controller writes region and instance
/// (kubernetes/cloud-provider-alibaba-cloud, `cn-hangzhou.i-0123`).
fn is_of_cloud(id: &str, provider: &str) -> bool {
    let is_alibaba = !id.contains("://") && id.contains(".i-");
    id.starts_with(provider) || (provider == ALIBABA && is_alibaba)
}

/// Whether a node says which cloud it runs in; what k3s, RKE2 and kind write there says nothing of it.
fn tells_cloud(id: &str) -> bool {
    let says_nothing = ["k3s://", "rke2://", "kind://"];
    !id.is_empty() && !says_nothing.iter().any(|start| id.starts_with(start))
}

/// The container of a control-plane pod that runs a program.
fn runs<'c>(place: &PodPlace<'c>, program: &str) -> Option<&'c Container> {
    let is_control_plane = place.origin.meta().namespace_or_empty() == "kube-system";
    let containers = &place.origin.spec().containers;
    containers
        .iter()
        .filter(|_| is_control_plane)
        .find(|container| {
            container.program.rsplit('/').next() == Some(program) || container.name == program
        })
}

/// Ports that ordinary containers declare, by name.
fn declared(place: &PodPlace<'_>, is_wanted: impl Fn(&str) -> bool) -> Vec<Point> {
    let containers = place.origin.spec().containers.iter();
    let mut ports: Vec<Point> = containers
        .filter(|container| container.role.is_empty())
        .flat_map(|container| &container.ports)
        .filter(|port| port.port != 0 && is_wanted(&port.name))
        .filter_map(|port| Some(point(port.protocol.parse().ok()?, port.port)))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}
