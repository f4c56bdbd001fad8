//! `viewshed see`: what is visible from one place.

use std::mem::ManuallyDrop;

use viewshed_analyze::SightIndex;
use viewshed_analyze::see::{Joined, SeeError, see_joined};
use viewshed_model::{DockerContainer, DockerHost, Estate, Identity, Vantage};
use viewshed_report::Answer;

use crate::can_i::one_cluster;
use crate::cli::{EstateArgs, ImpersonateArgs, SeeArgs, VantageArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::{here, question, verify};

/// Collects or reads the estate, computes the view, and asks the live server where that is wanted.
pub(crate) fn run(arguments: &SeeArgs, screen: &Screen) -> Result<Outcome, Failure> {
    refuse_senseless(arguments)?;
    if arguments.vantage.here {
        return here::run(arguments, screen);
    }
    let estate_arguments = with_docker_vantage(arguments);
    let wanted = wanted(&arguments.vantage);
    // The program ends with its answer: taking an estate apart piece by piece only costs time.
    let estate = ManuallyDrop::new(input::estate(
        &estate_arguments,
        &ImpersonateArgs::default(),
        wanted,
        screen,
    )?);
    if wanted == Wanted::Cluster && estate.clusters.len() > 1 {
        one_cluster(&estate)?;
    }
    let vantage = vantage(&arguments.vantage, &estate)?;
    let joined = Joined {
        cni: arguments.pivots.cni,
        depth: (!arguments.pivots.no_pivots).then_some(arguments.pivots.depth),
        knows_names: false,
    };
    let view = see_joined(&estate, &vantage, joined).map_err(|error| no_view(&error))?;
    let mut view = ManuallyDrop::new(view);
    let verification = if arguments.verify {
        let cluster = estate
            .clusters
            .iter()
            .find(|cluster| cluster.name == view.estate)
            .ok_or_else(|| {
                Failure::usage(
                    "--verify asks an API server, and this vantage has none",
                    "leave --verify out",
                )
            })?;
        let index = SightIndex::new(cluster);
        Some(verify::verify(
            &estate_arguments,
            &index,
            &mut view,
            screen,
        )?)
    } else {
        None
    };
    let lists = Lists::whole_if(arguments.all);
    screen.show(
        &Answer::See(&view, verification.as_ref()),
        &arguments.output,
        lists,
    )?;
    let differs = verification.is_some_and(|verification| !verification.differences.is_empty());
    Ok(Outcome::with_gaps(differs, &view.gaps))
}

/// Flags that mean nothing together: the command line's own rules do not reach between a flag that is
/// demanded and one that shuts it out.
fn refuse_senseless(arguments: &SeeArgs) -> Result<(), Failure> {
    let (vantage, estate) = (&arguments.vantage, &arguments.estate);
    if !vantage.here {
        if arguments.probe {
            return Err(only_here("--probe"));
        }
        if arguments.insecure_skip_tls_verify {
            return Err(only_here("--insecure-skip-tls-verify"));
        }
        let has_server =
            vantage.kubelet.is_none() && vantage.container.is_none() && vantage.docker.is_none();
        if arguments.verify && !has_server {
            return Err(Failure::usage(
                "--verify asks an API server, and this vantage has none",
                "leave --verify out",
            ));
        }
        return Ok(());
    }
    let elsewhere = [
        ("--from", !estate.from.is_empty()),
        ("--demo", estate.demo),
        ("--kubeconfig", estate.kubeconfig.is_some()),
        ("--context", !estate.context.is_empty()),
        ("--docker-host", !estate.docker_host.is_empty()),
        ("--estate", estate.estate.is_some()),
    ];
    match elsewhere.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::usage(
            format!("{flag} does not go with --here, which uses only what is found where it runs"),
            "leave one of them out; `viewshed see --pod NAMESPACE/NAME` computes the same from an estate",
        )),
    }
}

fn only_here(flag: &str) -> Failure {
    Failure::usage(
        format!("{flag} is only for --here"),
        format!(
            "leave {flag} out, or look from inside a pod or container: viewshed see --here {flag}"
        ),
    )
}

/// `--docker HOST` names the vantage and where to read it.
fn with_docker_vantage(arguments: &SeeArgs) -> EstateArgs {
    let mut estate = arguments.estate.clone();
    if let Some(host) = &arguments.vantage.docker
        && !host.is_empty()
        && estate.from.is_empty()
        && !estate.demo
        && estate.docker_host.is_empty()
    {
        estate.docker_host.push(host.clone());
    }
    estate
}

fn wanted(vantage: &VantageArgs) -> Wanted {
    if vantage.container.is_some() || vantage.docker.is_some() {
        Wanted::DockerHost
    } else {
        Wanted::Cluster
    }
}

fn vantage(arguments: &VantageArgs, estate: &Estate) -> Result<Vantage, Failure> {
    if arguments.anonymous {
        return Ok(Vantage::Anonymous);
    }
    if let Some(user) = &arguments.user {
        let identity = question::identity(user, &arguments.groups);
        return Ok(Vantage::Identity { identity });
    }
    if let Some(account) = &arguments.serviceaccount {
        let (namespace, name) = namespaced(account, "--serviceaccount")?;
        return Ok(Vantage::Identity {
            identity: Identity::service_account(namespace, name),
        });
    }
    if let Some(pod) = &arguments.pod {
        let (namespace, name) = namespaced(pod, "--pod")?;
        return Ok(Vantage::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
    }
    if let Some(name) = &arguments.node {
        return Ok(Vantage::Node { name: name.clone() });
    }
    if let Some(name) = &arguments.container {
        return Ok(Vantage::Container {
            host: holder_of(estate, name)?,
            name: name.clone(),
        });
    }
    if let Some(host) = &arguments.docker {
        let known = estate
            .docker_hosts
            .iter()
            .find(|known| known.name == *host || known.endpoint == *host)
            .map(|known| known.name.clone());
        return Ok(Vantage::DockerApi {
            host: match known {
                Some(host) => host,
                None => one_host(estate.docker_hosts.iter(), "")?,
            },
        });
    }
    if let Some(address) = &arguments.kubelet {
        return Ok(Vantage::Kubelet {
            address: address.clone(),
        });
    }
    Err(Failure::usage(
        "no vantage given",
        "see `viewshed see --help`",
    ))
}

/// The host that has a container of that name or id; the only host when none has it.
fn holder_of(estate: &Estate, name: &str) -> Result<String, Failure> {
    let has = |container: &DockerContainer| {
        container.name == name || (!container.id.is_empty() && container.id.starts_with(name))
    };
    let holds = |host: &&DockerHost| host.containers.iter().any(has);
    if estate.docker_hosts.iter().any(|host| holds(&host)) {
        let what = format!(" with a container `{name}`");
        one_host(estate.docker_hosts.iter().filter(holds), &what)
    } else {
        // Any host: the search says which names come near.
        Ok(String::new())
    }
}

/// The name of the only host; empty when there is none.
fn one_host<'h>(
    hosts: impl Iterator<Item = &'h DockerHost>,
    what: &str,
) -> Result<String, Failure> {
    let names: Vec<&str> = hosts.map(|host| host.name.as_str()).collect();
    match names.as_slice() {
        [] => Ok(String::new()),
        [name] => Ok((*name).to_owned()),
        several => Err(Failure::usage(
            format!("the estate has several Docker hosts{what}"),
            format!("choose one with --estate: {}", several.join(", ")),
        )),
    }
}

fn namespaced<'a>(text: &'a str, flag: &str) -> Result<(&'a str, &'a str), Failure> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace, name))
        }
        _ => Err(Failure::usage(
            format!("`{text}` is not NAMESPACE/NAME"),
            format!("for example: {flag} shop/cart"),
        )),
    }
}

fn no_view(error: &SeeError) -> Failure {
    Failure::usage(
        error.to_string(),
        "`viewshed who` and `viewshed scan` show what the estate holds",
    )
}
