//! The nouns of Viewshed: what an estate holds, what may be asked of it, and what the answers say.
//!
//! Data only. Nothing here reads, decides or prints; `decode` and `collect` make an [`Estate`],
//! `analyze` turns it into [`Decision`]s, [`View`]s and [`Finding`]s, `report` turns those into bytes.
//! The types that a snapshot file holds derive `serde`; docs/reference/snapshot.md describes that file.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

mod absorb;
mod activity;
mod audit_policy;
mod audited;
mod baseline;
mod cluster;
mod coverage;
mod decision;
mod docker;
mod estate;
mod finding;
mod gap;
mod identity;
mod incident;
mod kind_words;
mod log_profile;
mod meta;
mod network;
mod permission;
mod pivot;
mod reach;
mod rehearsal;
mod request;
mod rules_check;
mod runtime;
mod scan;
mod surroundings;
mod texts;
mod unread_kinds;
mod view;
mod watch;
mod who;
mod workload;

pub use activity::{
    Activity, ActivityObject, Actor, Impersonated, Level, Process, ReviewedAccess, SkipReason,
    Skips, Stage, Surface, Verdict,
};
pub use audit_policy::{AuditPolicy, AuditResources, AuditRule};
pub use audited::{AuditedObject, AuditedRequest};
pub use baseline::{BaselineHolder, BaselineRow};
pub use cluster::{
    AnonymousAccess, AnonymousAnswer, ApiResource, Authorizer, AuthorizerKind, Cluster, ConfigKind,
    ConfigNames, HealthCheck, KubeletSettings, Namespace, Node, OtherObject, ServerVersion,
    UnreadGrants,
};
pub use coverage::{CoverageReport, CoverageRow, CoveredSource, Visibility};
pub use decision::{AccessAnswer, Decision, Evidence, MissingFact, RulesReview};
pub use docker::{
    Daemon, DockerContainer, DockerHost, DockerImage, DockerNetwork, DockerVolume, Mount,
    NamedItem, PublishedPort, SwarmObject,
};
pub use estate::{Estate, Source, SourceKind};
pub use finding::{Confidence, Finding, Location, Mitigation, Severity};
pub use gap::{Gap, GapReason};
pub use identity::{Identity, Subject, SubjectKind, service_account_of};
pub use incident::{
    Disclosure, EventReference, Explored, Guessed, Incident, IncidentActor, IncidentState, Reason,
    RequestTally,
};
pub use kind_words::kind_in_words;
pub use log_profile::{LogProfile, SeenRequest};
pub use meta::{LabelSelector, Meta, Owner, Position, Requirement, SelectorOperator};
pub use network::{
    Backend, Endpoints, Gateway, Ingress, Listener, NetworkPolicy, NetworkSetting, Port, Section,
    Service,
};
pub use permission::{PolicyRule, Role, RoleBinding, RoleReference};
pub use pivot::{Pivot, PivotKind, PivotRank, PivotReport, PivotStop};
pub use reach::{
    EndKind, OverviewCell, OverviewRow, Place, PlaceError, PolicyReference, PortRange, Protocol,
    ReachAnswer, ReachCell, ReachEnd, ReachMatrix, ReachOverview, ReachQuestion, ReachReason,
    ReachReport, ReachSide, ReachSource, ReachSources, ReachVerdict, Target,
};
pub use rehearsal::{
    AskedFor, JudgedStep, RehearsalIncident, RehearsalLog, RehearsalReport, RehearsalRun,
    RehearsedStep, SentRequest, StepReason, StepVerdict,
};
pub use request::{AccessRequest, Action, NonResourceRequest, ResourceRequest};
pub use rules_check::{RuleVerdict, RulesCheck};
pub use runtime::{
    RUNTIME_SOCKET_NAMES, RUNTIME_SOCKETS, Runtime, plain_host_path, runtime_of_socket,
    runtime_sockets_below,
};
pub use scan::{
    CheckPage, ClusterSummary, DockerSummary, EstateSummary, MissingPlace, MitigationState,
    MitigationSummary, Page, Presence, ScanReport,
};
pub use surroundings::{
    DaemonSight, ForeignMount, KubeletSight, LoggedPod, MetadataAddress, MountedToken,
    NAMESPACE_VARIABLES, OwnAnswer, OwnNames, Sight, Surroundings,
};
pub use texts::{LazyText, Texts};
pub use unread_kinds::UnreadKind;
pub use view::{
    AnsweredCredential, Category, CategoryView, Chain, HeldIdentity, Here, Link, SeenBy, SeenItem,
    Vantage, Verification, View, ViewDifference,
};
pub use watch::{DetectionPage, NearMiss, RuleTally, TIMELINE_POINTS_MAX, Timeline, WatchReport};
pub use who::{
    DiffReport, GrantOrigin, IdentityRank, RankReport, ReachChange, SightChange, WhoAnswer,
    WhoByStep, WhoEntry,
};
pub use workload::{
    Container, EnvName, HostAccess, Pod, PodSpec, PodVolume, ServiceAccount, StorageVolume, Tell,
    TokenProjection, VolumeAttachment, VolumeClaim, VolumeSource, Workload,
};
