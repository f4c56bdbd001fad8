//! Services that are names alone: headless ones, which DNS answers with their pods, and `ExternalName`.

use viewshed_model::Service;

use super::answer::{Asked, Outcome};
use super::decide::{Decision, path};
use super::ends::{By, End};
use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::AddressFact;
use super::policy::Alias;
use super::ports::{Point, PortSet};
use super::through::{Behind, families_of, which_endpoint};
use super::unlisted::unlisted_endpoints;

impl<'c> NetworkIndex<'c> {
    /// The name of a headless service stands for the addresses of its pods, at which only their own ports
    /// count (<https://kubernetes.io/docs/concepts/services-networking/service/#headless-services>).
    pub(super) fn headless_outcome(
        &self,
        from: &End<'c>,
        service: &'c Service,
        asked: &Asked,
    ) -> Outcome {
        let named = match self.named_by_dns(service) {
            Ok(ends) => ends,
            Err(fact) => {
                let text = format!("the estate does not tell {fact}");
                return Outcome::of(Decision::depends(fact, text));
            }
        };
        let mut ends: Vec<(End<'c>, Vec<Point>)> =
            named.into_iter().map(|end| (end, Vec::new())).collect();
        for port in &service.ports {
            let Behind::Ends(behind) = self.behind(service, port) else {
                continue;
            };
            for (end, target) in behind {
                let known = ends.iter_mut().find(|(known, _)| known.which == end.which);
                if let Some((_, targets)) = known {
                    targets.push(target);
                }
            }
        }
        let to_pod = |(end, targets): (End<'c>, Vec<Point>)| {
            let asked = match asked {
                Asked::Port(port) => Asked::Port(*port),
                // Its ports are optional, and those of names that no pod has are nobody's.
                Asked::Every(within) if targets.is_empty() => Asked::Every(within.clone()),
                Asked::Every(within) => {
                    let own: PortSet = targets.iter().map(|port| (*port, *port)).collect();
                    Asked::Every(own.intersection(within))
                }
            };
            let goal = super::goals::Goal::End(Box::new(end));
            (String::new(), self.toward(from, &goal, &asked))
        };
        let each: Vec<(String, Outcome)> = ends.into_iter().map(to_pod).collect();
        if each.is_empty() {
            return Outcome::of(Self::no_endpoints(service));
        }
        let verdicts: Vec<Tri> = each.iter().map(|(_, one)| one.decision.verdict).collect();
        let mut outcome = super::answer::joined(each);
        if verdicts.contains(&Tri::Yes) && verdicts.contains(&Tri::No) {
            outcome.decision.facts.insert(which_endpoint(service));
        }
        outcome
    }

    /// The endpoints whose addresses DNS gives for the name of a headless service, each in the families of the
    /// service; or what is not known of them.
    fn named_by_dns(&self, service: &'c Service) -> Result<Vec<End<'c>>, String> {
        let meta = &service.meta;
        let key = (meta.namespace_or_empty(), meta.name.as_str());
        let is_unlisted = self.has_unlisted_pods(service);
        let mut ends: Vec<End<'c>> = match self.referred.endpoints.get(&key) {
            Some(slices) => {
                let mut addresses = slices.iter().flat_map(|slice| &slice.addresses);
                if is_unlisted && addresses.any(|one| self.is_nobodys(*one)) {
                    return Err(unlisted_endpoints(service));
                }
                let addresses = slices.iter().flat_map(|slice| &slice.addresses);
                addresses.map(|address| self.owner_end(*address)).collect()
            }
            None if is_unlisted => return Err(unlisted_endpoints(service)),
            None if service.selector.is_none() => {
                return Err(format!("the endpoints of service `{}`", meta.full_name()));
            }
            None => self.selected_pods(service).collect(),
        };
        ends.sort_by_key(|end| end.which);
        ends.dedup_by_key(|end| end.which);
        if let [family] = families_of(service).as_slice() {
            for end in &mut ends {
                end.keep(*family);
            }
            ends.retain(|end| *end.body.address(*family) != AddressFact::Absent);
        }
        Ok(ends)
    }

    /// The pods that a service selects.
    fn selected_pods(&self, service: &'c Service) -> impl Iterator<Item = End<'c>> {
        let selector = service.selector.as_ref();
        let pods = self.places.pods_in(service.meta.namespace_or_empty());
        pods.filter_map(move |index| {
            let place = self.places.pods.get(index as usize)?;
            let labels = place.labels();
            let mut wanted = selector?.iter();
            let is_selected = wanted.all(|(key, value)| labels.get(key) == Some(value));
            self.pod_end(index)
                .filter(|_| is_selected && !place.has_ended)
        })
    }

    /// A name for another name: of a service of the cluster, or of something outside
    /// (<https://kubernetes.io/docs/concepts/services-networking/service/#externalname>).
    pub(super) fn external_name_outcome(
        &self,
        from: &End<'c>,
        service: &'c Service,
        asked: &Asked,
    ) -> Outcome {
        match self.referred.alias_of(service) {
            Alias::Service(other) => {
                let mut outcome = self.service_outcome(from, (other, By::Name), asked);
                let text = format!(
                    "service `{}` is a name for service `{}`",
                    service.meta.full_name(),
                    other.meta.full_name()
                );
                outcome.decision.reasons.insert(0, path(text));
                outcome
            }
            Alias::Circle => {
                let name = service.meta.full_name();
                let text = format!("the name of service `{name}` leads back to itself");
                Outcome::of(Decision::new(Tri::No, text))
            }
            Alias::Elsewhere => {
                let name = service.meta.full_name();
                let fact = format!("which addresses service `{name}` names");
                let text = "it is a name for something outside the cluster".to_owned();
                Outcome::of(Decision::depends(fact, text))
            }
        }
    }
}
