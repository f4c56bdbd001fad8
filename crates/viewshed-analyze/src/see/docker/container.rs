//! What a container on a Docker host holds, and what each of these opens.

use viewshed_model::{DockerContainer, DockerHost, Link, Runtime, plain_host_path};

use super::super::board::{extended, link};
use super::super::host_paths::{Opening, openings};
use super::privileges::kept_from;
use super::sheet::{Sheet, ThingKind};
use super::sockets::{mounted_path, socket_of_host};

/// A container of a host.
pub(super) struct Inside<'h> {
    pub(super) host: &'h DockerHost,
    pub(super) container: &'h DockerContainer,
}

impl Inside<'_> {
    /// Marks everything that shows from inside.
    pub(super) fn mark(&self, sheet: &mut Sheet<'_>) {
        self.mark_itself(sheet);
        self.mark_networks(sheet);
        self.mark_processes(sheet);
        for path in bound_paths(self.container) {
            self.mark_bind(sheet, path);
        }
        if self.container.privileged && !self.is_kept_from(sheet, Opening::Root) {
            self.mark_root(sheet, &[link(privileged(&self.title()))]);
        }
        self.mark_listeners(sheet);
    }

    fn title(&self) -> String {
        format!("container {}", self.container.name)
    }

    fn mark_itself(&self, sheet: &mut Sheet<'_>) {
        let own = &self.container.name;
        let links = vec![link(format!("{} knows itself", self.title()))];
        sheet.mark(
            |kind, name| kind == ThingKind::Container && name == own,
            "own",
            links,
        );
        let links = vec![link(format!("{} reads its own environment", self.title()))];
        let prefix = format!("{own}/");
        sheet.mark(
            |kind, name| kind == ThingKind::EnvironmentVariable && name.starts_with(&prefix),
            "environment",
            links,
        );
        let volumes: Vec<&str> = self
            .container
            .mounts
            .iter()
            .map(|mount| mount.source.as_str())
            .collect();
        let links = vec![link(format!(
            "{} finds its volumes in its own mount table",
            self.title()
        ))];
        sheet.mark(
            |kind, name| kind == ThingKind::Volume && volumes.contains(&name),
            "mounted",
            links,
        );
    }

    /// The networks it is on, and who else is there.
    fn mark_networks(&self, sheet: &mut Sheet<'_>) {
        for (network, _) in &self.networks() {
            let on = format!("{} is on network {network}", self.title());
            sheet.mark(
                |kind, name| kind == ThingKind::Network && name == network,
                "own",
                vec![link(on.clone())],
            );
            let others: Vec<&str> = self
                .host
                .containers
                .iter()
                .filter(|other| other.networks.iter().any(|(known, _)| known == network))
                .map(|other| other.name.as_str())
                .collect();
            // Docker's name server works on every network but the default bridge.
            let how = if network == "bridge" {
                "containers answer at their addresses there"
            } else {
                "Docker's name server answers for the containers there"
            };
            sheet.mark(
                |kind, name| kind == ThingKind::Container && others.contains(&name),
                "same network",
                vec![link(on), link(how)],
            );
        }
    }

    /// Its own networks, or those of the container whose network it shares.
    fn networks(&self) -> Vec<(String, String)> {
        let shared = self
            .container
            .network_mode
            .strip_prefix("container:")
            .and_then(|wanted| {
                self.host
                    .containers
                    .iter()
                    .find(|other| other.id == wanted || other.name == wanted)
            });
        shared.unwrap_or(self.container).networks.clone()
    }

    fn mark_processes(&self, sheet: &mut Sheet<'_>) {
        let mode = self.container.pid_mode.as_str();
        if mode == "host" {
            let links = vec![link(format!(
                "{} shares the process table of its host, which shows every container",
                self.title()
            ))];
            sheet.mark(|kind, _| kind == ThingKind::Container, "processes", links);
        } else if let Some(wanted) = mode.strip_prefix("container:") {
            let other = self
                .host
                .containers
                .iter()
                .find(|other| other.id == wanted || other.name == wanted);
            if let Some(other) = other {
                let links = vec![link(format!(
                    "{} shares the process table of container {}",
                    self.title(),
                    other.name
                ))];
                sheet.mark(
                    |kind, name| kind == ThingKind::Container && name == other.name,
                    "processes",
                    links,
                );
            }
        }
    }

    fn mark_bind(&self, sheet: &mut Sheet<'_>, path: &str) {
        for (opening, text) in openings_of_mount(self.host, &self.title(), path) {
            let links = [link(text)];
            if self.is_kept_from(sheet, opening) {
                continue;
            }
            match opening {
                Opening::Root => self.mark_root(sheet, &links),
                Opening::Socket(None | Some(Runtime::Docker | Runtime::Podman)) => {
                    self.mark_socket(sheet, &links);
                }
                Opening::Socket(Some(Runtime::Containerd)) if is_dockers_own(path) => {
                    let links = extended(&links, [link("containerd runs Docker's containers")]);
                    sheet.mark(
                        |kind, _| kind == ThingKind::Container,
                        "runtime socket",
                        links,
                    );
                }
                Opening::RuntimeState(None | Some(Runtime::Docker)) => {
                    mark_records(sheet, &links);
                }
                Opening::Logs => {
                    let links = extended(
                        &links,
                        [link(
                            "each container has its folder of logs and settings there",
                        )],
                    );
                    sheet.mark(is_of_containers, "host files", links);
                }
                Opening::Processes => {
                    let links = extended(&links, [link("it shows every container's processes")]);
                    sheet.mark(|kind, _| kind == ThingKind::Container, "processes", links);
                }
                Opening::Socket(Some(runtime @ (Runtime::Containerd | Runtime::CriO))) => {
                    sheet.depends_on.insert(format!(
                        "which containers {} runs beside Docker: {} is its socket, and they are not \
                         in the estate",
                        runtime.name(),
                        plain_host_path(path)
                    ));
                }
                // Builds have no containers that last.
                Opening::Socket(Some(Runtime::BuildKit))
                | Opening::RuntimeState(Some(
                    Runtime::Containerd | Runtime::CriO | Runtime::Podman | Runtime::BuildKit,
                ))
                | Opening::NodeCredentials
                | Opening::KubeletConfiguration
                | Opening::PodVolumes
                | Opening::GroupVolumes(_)
                | Opening::AdminCredentials
                | Opening::ControlPlaneUser(_)
                | Opening::EtcdData
                | Opening::StaticPods => {}
            }
        }
    }

    /// Whether a user who is not root cannot do with an opening what root could: then all that it would show is in doubt.
    /// Everybody may list processes.
    fn is_kept_from(&self, sheet: &mut Sheet<'_>, opening: Opening) -> bool {
        let what = match opening {
            Opening::Socket(_) => "open the socket",
            Opening::Root | Opening::RuntimeState(_) | Opening::Logs => "do what root may",
            _ => return false,
        };
        let doubt = kept_from(self.container, what);
        let is_kept = doubt.is_some();
        if is_kept {
            sheet.depends_on.extend(doubt);
            sheet.mark_rest_uncertain();
        }
        is_kept
    }

    /// The API through a socket that is mounted.
    fn mark_socket(&self, sheet: &mut Sheet<'_>, links: &[Link]) {
        let plugins = &self.host.daemon.authorization_plugins;
        if plugins.is_empty() {
            sheet.mark_api(links);
        } else {
            sheet.mark_api_uncertain(plugins);
        }
    }

    fn mark_root(&self, sheet: &mut Sheet<'_>, links: &[Link]) {
        mark_records(sheet, links);
        let links = extended(
            links,
            [link("root on the host reaches the daemon's socket")],
        );
        self.mark_socket(sheet, &links);
    }

    /// The API over TCP, where the daemon offers it without asking for a client certificate.
    fn mark_listeners(&self, sheet: &mut Sheet<'_>) {
        let mode = self.container.network_mode.as_str();
        for address in open_listeners(self.host) {
            let text = format!("the Docker API listens on {address} without client certificates");
            if mode == "host" {
                let shares = format!("{} shares the network of its host", self.title());
                self.mark_socket(sheet, &[link(shares), link(text)]);
            } else if mode != "none" && !is_loopback(&address) {
                sheet.depends_on.insert(format!(
                    "whether containers reach the Docker API on {address}, which asks for no \
                     client certificate"
                ));
                sheet.mark_rest_uncertain();
            }
        }
    }
}

/// What a container mounts of its host, each with a sentence that says how.
pub(crate) fn openings_of_container(
    host: &DockerHost,
    container: &DockerContainer,
) -> Vec<(Opening, String)> {
    let title = format!("container {}", container.name);
    let bound = bound_paths(container);
    bound
        .flat_map(|path| openings_of_mount(host, &title, path))
        .collect()
}

fn bound_paths(container: &DockerContainer) -> impl Iterator<Item = &str> {
    let bound = container.mounts.iter().filter(|mount| {
        // A volume's own folder is a path of the host, too.
        matches!(mount.kind.as_str(), "bind" | "npipe") || mount.source.starts_with('/')
    });
    bound.map(mounted_path)
}

fn openings_of_mount(host: &DockerHost, title: &str, path: &str) -> Vec<(Opening, String)> {
    let mounted = plain_host_path(path);
    let mut opened = openings(path, "docker://");
    let is_settled = |opening: Opening| {
        matches!(
            opening,
            Opening::Root | Opening::Socket(None | Some(Runtime::Docker | Runtime::Podman))
        )
    };
    if !opened.iter().any(|(opening, _)| is_settled(*opening))
        && let Some(socket) = socket_of_host(host, path)
    {
        opened.insert(0, (Opening::Socket(Some(Runtime::Docker)), socket.into()));
    }
    let told = opened.into_iter().map(|(opening, place)| {
        let mut text = format!("{title} mounts {mounted} of its host");
        if mounted != place {
            text = format!("{text}, with {place} in it");
        }
        (opening, text)
    });
    told.collect()
}

/// Whether a containerd may be the one that Docker runs its containers with: those that k3s and `MicroK8s`
/// bring along run pods only.
fn is_dockers_own(socket: &str) -> bool {
    !["k3s", "microk8s"].iter().any(|name| socket.contains(name))
}

fn privileged(title: &str) -> String {
    format!("{title} is privileged: it is root on its host")
}

/// What lies in Docker's own folder.
fn mark_records(sheet: &mut Sheet<'_>, links: &[Link]) {
    let links = extended(links, [link("Docker keeps its records there")]);
    sheet.mark(
        |kind, name| {
            is_of_containers(kind, name)
                || matches!(
                    kind,
                    ThingKind::Image | ThingKind::Volume | ThingKind::Network
                )
        },
        "host files",
        links,
    );
}

fn is_of_containers(kind: ThingKind, _: &str) -> bool {
    matches!(
        kind,
        ThingKind::Container | ThingKind::Log | ThingKind::EnvironmentVariable
    )
}

/// TCP addresses that everybody may use who reaches them: from daemon.json, and from the daemon's
/// own warnings (`daemon/info.go`, `fillAPIInfo`).
fn open_listeners(host: &DockerHost) -> Vec<String> {
    let daemon = &host.daemon;
    let configured = daemon
        .hosts
        .iter()
        .filter(|_| daemon.tls_verify != Some(true))
        .filter(|address| address.starts_with("tcp://"))
        .cloned();
    let warned = daemon.warnings.iter().filter_map(|warning| {
        let (_, rest) = warning.split_once("API is accessible on ")?;
        let address = rest.split_whitespace().next()?;
        let (_, bare) = address.split_once("://")?;
        Some(format!("tcp://{bare}"))
    });
    let mut found: Vec<String> = configured.chain(warned).collect();
    found.sort();
    found.dedup();
    found
}

fn is_loopback(address: &str) -> bool {
    let bare = address.trim_start_matches("tcp://");
    bare.starts_with("127.") || bare.starts_with("localhost") || bare.starts_with("[::1]")
}
