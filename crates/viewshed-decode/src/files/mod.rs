//! ENTERS: files of any kind that Viewshed reads, recognised by their content.
//!
//! Manifests (YAML or JSON, one or many documents, `List` kinds), what `kubectl get -o json|yaml`
//! and `kubectl cluster-info dump` print, rendered Helm charts, compose files, `docker inspect`
//! output and daemon.json, kubelet and authorization configuration, and former snapshots. A broken
//! document is a gap with file and line; the documents around it are read.

mod document;
mod dump;
mod encoding;
mod hosts;
mod json;
mod namespaces;
mod repeated;
mod yaml;

use dump::Print;
use hosts::Hosts;
use viewshed_model::{Cluster, DockerHost, Estate, Gap, GapReason, Source, SourceKind};

use crate::gaps::{GapList, gap};
use crate::kubernetes::settings_from_pods;
use crate::snapshot;

/// Largest file that is read, in bytes: `kubectl get pods -A -o yaml` of 25,000 pods is about
/// 250 MiB, and a file has to be in memory as a whole.
pub const FILE_BYTES_MAX: usize = 2 << 30;

/// Files that belong together: one cluster and one Docker host, as far as they hold objects of
/// either. Add files in a fixed order (sorted paths), because the result keeps that order.
///
/// Compose files below a folder are a Docker host each, and apart from what a daemon told: nobody said that
/// they run together. Those that the user names one by one are one host.
#[derive(Debug)]
pub struct FileSet {
    /// Snapshots found among the files, and everything else at the end.
    estate: Estate,
    cluster: Cluster,
    hosts: Hosts,
    gaps: Vec<Gap>,
    unrecognised: Unrecognised,
    is_folder: bool,
    is_dump: bool,
    is_get_all: bool,
    has_empty_list: bool,
}

/// Files without anything for us are counted, not listed: a folder has its readme and its logs.
#[derive(Debug, Default)]
struct Unrecognised {
    count: u64,
    first: String,
}

impl FileSet {
    /// `name` becomes the name of the cluster and of the Docker host: the folder or file as the
    /// user gave it.
    pub fn new(name: &str) -> Self {
        Self {
            estate: Estate {
                sources: vec![Source {
                    kind: SourceKind::Files,
                    name: name.to_owned(),
                }],
                ..Estate::default()
            },
            cluster: Cluster {
                name: name.to_owned(),
                ..Cluster::default()
            },
            hosts: Hosts::new(name),
            gaps: Vec::new(),
            unrecognised: Unrecognised::default(),
            is_folder: false,
            is_dump: false,
            is_get_all: false,
            has_empty_list: false,
        }
    }

    /// The files below a folder. Nobody named them one by one, so one without anything of an estate is
    /// passed over, and nothing is missing.
    pub fn of_folder(name: &str) -> Self {
        Self {
            is_folder: true,
            hosts: Hosts::one_per_project(name),
            ..Self::new(name)
        }
    }

    /// Adds one file. `path` is what gaps and positions name; the content decides what it is.
    pub fn add(&mut self, path: &str, bytes: &[u8]) {
        if bytes.starts_with(&snapshot::MAGIC) {
            self.add_snapshot(path, bytes);
            return;
        }
        if bytes.len() > FILE_BYTES_MAX {
            let what = format!("read `{path}`");
            let hint = "split the file";
            self.gaps
                .push(gap(path, &what, GapReason::TooLarge, "over 2 GiB", hint));
            return;
        }
        let mut found = Found::default();
        if let Some(text) = encoding::text_of(path, bytes, &mut self.gaps, &mut found) {
            let mut reader = FileReader {
                path,
                cluster: &mut self.cluster,
                hosts: &mut self.hosts,
                is_folder: self.is_folder,
                gaps: GapList::new(&mut self.gaps),
                found: &mut found,
            };
            match text.trim_start().as_bytes() {
                // `{{` opens a template, which is no JSON.
                [b'{', b'{', ..] => yaml::add(&mut reader, &text),
                [b'{' | b'[', ..] => json::add(&mut reader, &text),
                _ => yaml::add(&mut reader, &text),
            }
        }
        self.is_dump |= found.is_dump || dump::is_part(path);
        self.is_get_all |= found.is_get_all;
        self.has_empty_list |= found.has_empty_list;
        if !found.anything {
            if self.unrecognised.count == 0 {
                path.clone_into(&mut self.unrecognised.first);
            }
            self.unrecognised.count += 1;
        }
    }

    fn add_snapshot(&mut self, path: &str, bytes: &[u8]) {
        match snapshot::read_named(bytes, path) {
            Ok(former) => {
                let estate = &mut self.estate;
                if estate.collected_at.is_empty() {
                    estate.collected_at = former.collected_at;
                }
                estate.sources.push(Source {
                    kind: SourceKind::Snapshot,
                    name: path.to_owned(),
                });
                estate.sources.extend(former.sources);
                estate.clusters.extend(former.clusters);
                estate.docker_hosts.extend(former.docker_hosts);
                self.gaps.extend(former.gaps);
            }
            Err(error) => {
                let what = format!("read the snapshot `{path}`");
                let detail = error.to_string();
                let reason = match error {
                    crate::DecodeError::NewerSnapshot { .. } => GapReason::Unsupported,
                    _ => GapReason::Malformed,
                };
                let hint = "read it with a newer viewshed, or collect the estate again";
                self.gaps.push(gap(path, &what, reason, &detail, hint));
            }
        }
    }

    /// The estate of all files. A cluster or Docker host of which nothing was found is left out.
    pub fn finish(mut self) -> Estate {
        let nothing = Cluster {
            name: self.cluster.name.clone(),
            ..Cluster::default()
        };
        if self.cluster != nothing {
            namespaces::settle(&mut self.cluster);
            repeated::settle(&mut self.cluster, &mut self.gaps);
            settings_from_pods(&mut self.cluster, &mut self.gaps);
            let print = match (self.is_dump, self.is_get_all && !self.has_empty_list) {
                (true, _) => Some(Print::Dump),
                (false, true) => Some(Print::All),
                (false, false) => None,
            };
            if let Some(print) = print {
                dump::settle(&mut self.cluster, &mut self.gaps, print);
            }
            self.estate.clusters.push(self.cluster);
        }
        let hosts: Vec<DockerHost> = self.hosts.finish(&mut self.gaps);
        self.gaps
            .extend(hosts.iter().filter_map(hosts::not_described));
        self.estate.docker_hosts.extend(hosts);
        if self.unrecognised.count > 0 {
            let what = format!("recognise the content of `{}`", self.unrecognised.first);
            let mut gap = gap(
                &self.unrecognised.first,
                &what,
                if self.is_folder {
                    GapReason::NothingKnown
                } else {
                    GapReason::Unsupported
                },
                "it holds no object of Kubernetes or Docker",
                "",
            );
            gap.count = self.unrecognised.count;
            self.gaps.push(gap);
        }
        self.estate.gaps.append(&mut self.gaps);
        self.estate
    }
}

/// Adds one file as a cluster or Docker host of its own, named after it. For files that belong
/// together use a [`FileSet`].
pub fn add_file(estate: &mut Estate, path: &str, bytes: &[u8]) {
    let mut set = FileSet::new(path);
    set.add(path, bytes);
    let found = set.finish();
    if estate.collected_at.is_empty() {
        estate.collected_at = found.collected_at;
    }
    estate.sources.extend(found.sources);
    estate.clusters.extend(found.clusters);
    estate.docker_hosts.extend(found.docker_hosts);
    estate.gaps.extend(found.gaps);
}

/// Whether a file held anything that was read or named as a gap.
#[derive(Debug, Default)]
struct Found {
    anything: bool,
    /// It is one of our own reports, which is told once.
    is_report: bool,
    /// It holds logs as `kubectl cluster-info dump` prints them.
    is_dump: bool,
    /// It holds what `kubectl get all` prints.
    is_get_all: bool,
    /// It holds a list that kubectl printed of kinds of which there is nothing: which, it does not say.
    has_empty_list: bool,
}

/// One file being read, and where its content goes.
struct FileReader<'a> {
    path: &'a str,
    cluster: &'a mut Cluster,
    hosts: &'a mut Hosts,
    is_folder: bool,
    gaps: GapList<'a>,
    found: &'a mut Found,
}

impl FileReader<'_> {
    /// `trouble` is the reason, the parser's words, and what to do next.
    fn note(&mut self, line: u32, what: &str, trouble: (GapReason, &str, &str)) {
        let (reason, detail, hint) = trouble;
        self.found.anything = true;
        let what = format!("{what} at line {line}");
        self.gaps.push(gap(self.path, &what, reason, detail, hint));
    }
}

#[cfg(test)]
mod tests;
