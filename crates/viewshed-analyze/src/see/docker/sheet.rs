//! Everything that a Docker host holds, with marks for what shows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Category, CategoryView, DockerHost, Link, SeenItem};

use super::super::board::{extended, link};

/// What kind of thing it is: its word for people, where it is counted, and the call that lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ThingKind {
    Container,
    Image,
    SwarmService,
    SwarmTask,
    Host,
    SwarmNode,
    Network,
    Path,
    Plugin,
    EnvironmentVariable,
    Volume,
    SwarmConfig,
    SwarmSecret,
    Log,
    OtherSwarm,
}

impl ThingKind {
    const fn facts(self) -> (&'static str, Category, &'static str) {
        match self {
            Self::Container => ("Container", Category::Containers, "GET /containers/json"),
            Self::Image => ("Image", Category::Images, "GET /images/json"),
            Self::SwarmService => ("Swarm service", Category::Workloads, "GET /services"),
            Self::SwarmTask => ("Swarm task", Category::Workloads, "GET /tasks"),
            Self::Host => ("Docker host", Category::Nodes, "GET /info"),
            Self::SwarmNode => ("Swarm node", Category::Nodes, "GET /nodes"),
            Self::Network => ("Network", Category::Services, "GET /networks"),
            Self::Path => ("path", Category::ClusterStatus, "GET"),
            Self::Plugin => ("Plugin", Category::ClusterStatus, "GET /plugins"),
            Self::EnvironmentVariable => (
                "Environment variable",
                Category::ConfigurationNames,
                "GET /containers/{id}/json",
            ),
            Self::Volume => ("Volume", Category::ConfigurationNames, "GET /volumes"),
            Self::SwarmConfig => ("Swarm config", Category::ConfigurationNames, "GET /configs"),
            Self::SwarmSecret => ("Swarm secret", Category::ConfigurationNames, "GET /secrets"),
            Self::Log => ("Container log", Category::Logs, "GET /containers/{id}/logs"),
            Self::OtherSwarm => ("Swarm object", Category::Other, "GET /swarm"),
        }
    }

    /// The call of the Engine API that shows it.
    pub(super) const fn call(self) -> &'static str {
        self.facts().2
    }
}

/// Paths that tell of the daemon itself.
const PATHS: [&str; 4] = ["/events", "/info", "/system/df", "/version"];

/// The things of one host and what is known of each.
pub(super) struct Sheet<'h> {
    pub(super) host: &'h DockerHost,
    things: BTreeMap<(ThingKind, String), Mark>,
    chains: Vec<Vec<Link>>,
    pub(super) depends_on: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
struct Mark {
    ways: Vec<&'static str>,
    chain: usize,
    is_uncertain: bool,
}

impl<'h> Sheet<'h> {
    /// Everything unmarked.
    pub(super) fn of(host: &'h DockerHost) -> Self {
        let mut sheet = Self {
            host,
            things: BTreeMap::new(),
            chains: Vec::new(),
            depends_on: BTreeSet::new(),
        };
        for container in &host.containers {
            sheet.add(ThingKind::Container, &container.name);
            sheet.add(ThingKind::Log, &container.name);
            if !container.image.is_empty() {
                sheet.add(ThingKind::Image, &container.image);
            }
            for variable in &container.env {
                let name = format!("{}/{}", container.name, variable.name);
                sheet.add(ThingKind::EnvironmentVariable, &name);
            }
        }
        for image in &host.images {
            if image.tags.is_empty() {
                sheet.add(ThingKind::Image, &image.id);
            }
            for tag in &image.tags {
                sheet.add(ThingKind::Image, tag);
            }
        }
        for network in &host.networks {
            sheet.add(ThingKind::Network, &network.name);
        }
        for volume in &host.volumes {
            sheet.add(ThingKind::Volume, &volume.name);
        }
        for plugin in &host.plugins {
            sheet.add(ThingKind::Plugin, &plugin.name);
        }
        sheet.add_daemon();
        sheet
    }

    fn add_daemon(&mut self) {
        let host = self.host;
        let name = if host.daemon.host_name.is_empty() {
            &host.name
        } else {
            &host.daemon.host_name
        };
        self.add(ThingKind::Host, name);
        for path in PATHS {
            self.add(ThingKind::Path, path);
        }
        for object in &host.swarm {
            let kind = match object.kind.as_str() {
                "node" => ThingKind::SwarmNode,
                "service" => ThingKind::SwarmService,
                "task" => ThingKind::SwarmTask,
                "secret" => ThingKind::SwarmSecret,
                "config" => ThingKind::SwarmConfig,
                _ => ThingKind::OtherSwarm,
            };
            self.add(kind, &object.name);
        }
    }

    fn add(&mut self, kind: ThingKind, name: &str) {
        self.things.entry((kind, name.to_owned())).or_default();
    }

    /// Marks what `wanted` chooses, with a chain that ends in `links`.
    pub(super) fn mark(
        &mut self,
        wanted: impl Fn(ThingKind, &str) -> bool,
        way: &'static str,
        links: Vec<Link>,
    ) {
        let chain = self.chains.len();
        self.chains.push(links);
        for ((kind, name), mark) in &mut self.things {
            if wanted(*kind, name) {
                if mark.ways.is_empty() {
                    mark.chain = chain;
                }
                if !mark.ways.contains(&way) {
                    mark.ways.push(way);
                }
            }
        }
    }

    /// Everything that the API answers.
    pub(super) fn mark_api(&mut self, links: &[Link]) {
        let kinds: BTreeSet<ThingKind> = self.things.keys().map(|(kind, _)| *kind).collect();
        for wanted in kinds {
            let chain = extended(links, [link(wanted.call())]);
            self.mark(|kind, _| kind == wanted, wanted.call(), chain);
        }
    }

    /// Everything that the API answers if the plugins let it.
    pub(super) fn mark_api_uncertain(&mut self, plugins: &[String]) {
        for plugin in plugins {
            self.depends_on
                .insert(format!("what the authorization plugin `{plugin}` allows"));
        }
        self.mark_rest_uncertain();
    }

    /// Whatever does not show depends on facts that are missing.
    pub(super) fn mark_rest_uncertain(&mut self) {
        for mark in self.things.values_mut() {
            mark.is_uncertain = true;
        }
    }

    /// Categories in their order, the chains that items point to, and the missing facts.
    pub(super) fn into_categories(
        self,
    ) -> (Vec<CategoryView<'static>>, Vec<Vec<Link>>, BTreeSet<String>) {
        let mut chains = Vec::new();
        let mut numbers: Vec<Option<usize>> = vec![None; self.chains.len()];
        let mut categories: Vec<CategoryView<'static>> = Category::ALL
            .into_iter()
            .map(|category| CategoryView {
                category,
                seen: Vec::new(),
                hidden_count: 0,
                uncertain_count: 0,
            })
            .collect();
        for ((kind, name), mark) in self.things {
            let (title, category, _) = kind.facts();
            let Some(view) = categories.iter_mut().find(|view| view.category == category) else {
                continue;
            };
            if mark.ways.is_empty() {
                view.hidden_count += u64::from(!mark.is_uncertain);
                view.uncertain_count += u64::from(mark.is_uncertain);
                continue;
            }
            let number = numbers.get_mut(mark.chain).map(|number| {
                *number.get_or_insert_with(|| {
                    chains.push(self.chains.get(mark.chain).cloned().unwrap_or_default());
                    chains.len() - 1
                })
            });
            let ways: Vec<_> = mark.ways.into_iter().map(Cow::Borrowed).collect();
            view.seen.push(SeenItem {
                kind: Cow::Borrowed(title),
                namespace: Cow::Borrowed(""),
                name: Cow::Owned(name),
                verbs: ways.into(),
                chain: number.unwrap_or_default(),
            });
        }
        for view in &mut categories {
            view.seen
                .sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        }
        (categories, chains, self.depends_on)
    }
}
