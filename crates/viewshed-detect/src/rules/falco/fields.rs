//! The fields that Falco rules for Kubernetes audit events may use, as what they read.

use super::super::formula::Fact;
use super::super::reading::Body;

/// A field, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// A text that the activity holds ready.
    Envelope(Envelope),
    /// `user.groups`.
    Groups,
    /// `sourceIPs`, one of them when indexed.
    SourceAddresses(Option<usize>),
    /// A parameter of the query, decoded.
    UriParameter(Box<str>),
    /// Time of the event.
    Time(TimeForm),
    /// The same for every event.
    Constant(&'static str),
    /// The event as JSON.
    Whole,
    /// A value inside a part of the event.
    Path(Path),
    /// Subjects of a binding.
    Subjects(SubjectKind),
    /// A list field of a role's rules, all rules together.
    RoleRules(&'static str, Option<usize>),
    /// A fact of a pod's containers.
    Containers(Containers),
    /// A fact of a pod's volumes.
    Volumes(VolumeFact, Option<usize>),
    /// Whether a volume mounts this host path; with a closing `*` any path that begins so.
    HasHostPath(Box<str>),
    /// Ports of a service.
    ServicePorts(Option<usize>),
}

/// Texts of the envelope; an empty one is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    AuditId,
    Stage,
    Level,
    Decision,
    Reason,
    User,
    Impersonated,
    Verb,
    Uri,
    Name,
    Namespace,
    Resource,
    Subresource,
    ApiGroup,
    PodName,
    Code,
    UserAgent,
    Cluster,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeForm {
    Nanoseconds,
    Iso8601,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) body: Body,
    pub(super) keys: Box<[Box<str>]>,
    pub(super) is_list: bool,
}

/// Which subjects of a binding, and how they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectKind {
    Users,
    Groups,
    ServiceAccounts,
    /// `namespace:name`.
    NamespacedServiceAccounts,
}

/// A fact of some of a pod's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Containers {
    /// `containers`, `initContainers` or `ephemeralContainers`.
    pub(super) list: &'static str,
    pub(super) fact: ContainerFact,
    pub(super) index: Option<usize>,
    pub(super) form: Form,
}

/// One value or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Many,
    /// The first: the fields from before lists.
    First,
    /// `true` if any is, else `false`.
    AnyTrue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerFact {
    Name,
    Image,
    Repository,
    Command,
    Arguments,
    HostPort,
    /// A value of the container's security context.
    Security(&'static [&'static str]),
    /// Of the container's security context, else the pod's, else 0.
    Effective(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VolumeFact {
    HostPath,
    FlexVolumeDriver,
    Type,
}

impl Field {
    /// Whether its values are shown in parentheses.
    pub(super) const fn is_list(&self) -> bool {
        match self {
            Self::Groups
            | Self::SourceAddresses(_)
            | Self::Subjects(_)
            | Self::RoleRules(..)
            | Self::Volumes(..)
            | Self::ServicePorts(_) => true,
            Self::Containers(containers) => matches!(containers.form, Form::Many),
            Self::Path(path) => path.is_list,
            Self::Envelope(_)
            | Self::UriParameter(_)
            | Self::Time(_)
            | Self::Constant(_)
            | Self::Whole
            | Self::HasHostPath(_) => false,
        }
    }

    /// Which fact of an event it depends on.
    pub(super) const fn fact(&self) -> Fact {
        match self {
            Self::Envelope(envelope) => match envelope {
                Envelope::Stage => Fact::Stage,
                Envelope::Level => Fact::Level,
                Envelope::Decision => Fact::Decision,
                Envelope::User => Fact::User,
                Envelope::Verb => Fact::Verb,
                Envelope::Resource => Fact::Resource,
                Envelope::Subresource => Fact::Subresource,
                Envelope::ApiGroup => Fact::ApiGroup,
                Envelope::Code => Fact::Code,
                Envelope::AuditId
                | Envelope::Reason
                | Envelope::Impersonated
                | Envelope::Name
                | Envelope::Namespace
                | Envelope::PodName
                | Envelope::Cluster => Fact::Other,
                Envelope::Uri => Fact::Uri,
                Envelope::UserAgent => Fact::UserAgent,
            },
            Self::Path(path) => match path.body {
                Body::Request => Fact::RequestBody,
                Body::Response => Fact::ResponseBody,
                Body::Event => Fact::Other,
            },
            Self::Subjects(_)
            | Self::RoleRules(..)
            | Self::Containers(_)
            | Self::Volumes(..)
            | Self::HasHostPath(_)
            | Self::ServicePorts(_) => Fact::RequestBody,
            Self::Groups => Fact::Group,
            Self::SourceAddresses(_)
            | Self::UriParameter(_)
            | Self::Time(_)
            | Self::Constant(_)
            | Self::Whole => Fact::Other,
        }
    }
}
