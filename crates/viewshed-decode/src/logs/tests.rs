#![expect(
    clippy::let_underscore_must_use,
    clippy::format_collect,
    clippy::string_slice,
    reason = "writing to a string cannot fail, and tests read better so"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use viewshed_model::{Activity, Skips, Stage, Surface, Texts, Verdict};

use super::{Arena, Framing, LogFormat, decode, recognise};

/// One line per activity with all that is not empty, then what was skipped.
pub(in crate::logs) fn shown(format: LogFormat, text: &str) -> String {
    let arena = Arena::new();
    let mut activities = Vec::new();
    let mut skips = Skips::default();
    decode(format, text.as_bytes(), &arena, &mut activities, &mut skips);
    let mut shown = String::new();
    for activity in &activities {
        show(activity, &mut shown);
    }
    for (reason, count) in &skips.counts {
        let place = &skips.first[reason];
        let _ = writeln!(shown, "{count} {reason:?} from {place}");
    }
    shown
}

#[expect(clippy::too_many_lines, reason = "one step per field")]
fn show(activity: &Activity<'_>, shown: &mut String) {
    if activity.surface != Surface::KubernetesApi {
        let _ = write!(shown, "{:?}: ", activity.surface);
    }
    if activity.stage != Stage::ResponseComplete {
        let _ = write!(shown, "{:?}: ", activity.stage);
    }
    let _ = write!(shown, "{}", activity.verb);
    let object = &activity.object;
    let actor = &activity.actor;
    let groups = actor.groups.iter().collect::<Vec<_>>().join(",");
    let at = (activity.at_us != 0).then(|| activity.at_us.to_string());
    let level = format!("{:?}", activity.level).replace("Metadata", "");
    let code = activity
        .code
        .to_string()
        .replacen('0', "", usize::from(activity.code == 0));
    let verdict = format!("{:?}", activity.verdict).replace("Unknown", "");
    let claimed = actor.claimed_address_count;
    for (name, value) in [
        ("group", &*object.api_group),
        ("version", &object.api_version),
        ("resource", &object.resource),
        ("sub", &object.subresource),
        ("ns", &object.namespace),
        ("name", &object.name),
        ("uri", &activity.uri),
        ("user", &actor.user),
        ("uid", &actor.uid),
        ("groups", &groups),
        ("pod", &actor.pod),
        ("node", &actor.node),
        ("credential", &actor.credential),
        ("from", &actor.address),
        ("claimed", if claimed == 0 { "" } else { "some" }),
        ("agent", &actor.user_agent),
        ("cluster", &activity.cluster),
        ("id", &activity.id),
        ("at", at.as_deref().unwrap_or_default()),
        ("level", &level),
        ("code", &code),
        ("verdict", &verdict),
        ("reason", &activity.reason),
        ("message", &activity.message),
    ] {
        if !value.is_empty() {
            let _ = write!(shown, " {name}={value}");
        }
    }
    if let Some(mask) = &actor.impersonated {
        let groups = mask.groups.iter().collect::<Vec<_>>().join(",");
        let _ = write!(shown, " as={}[{groups}]", mask.user);
    }
    if let Some(review) = &activity.review {
        let _ = write!(
            shown,
            " review({} {}/{}/{} {} {} {} by {} {:?} {} {} -> {:?})",
            review.verb,
            review.api_group,
            review.resource,
            review.subresource,
            review.namespace,
            review.name,
            review.path,
            review.user,
            review.groups,
            review.credential,
            review.pod,
            review.is_allowed
        );
    }
    if let Some(process) = &activity.process {
        let _ = write!(
            shown,
            " process({} `{}` under {} in {} {} file {})",
            process.executable,
            process.command,
            process.parent,
            process.container,
            process.image,
            process.file
        );
    }
    if let Some(count) = activity.disclosed_count {
        let _ = write!(shown, " disclosed={count}");
    }
    if activity.is_truncated {
        shown.push_str(" truncated");
    }
    shown.push('\n');
}

/// Lines in, lines out; blanks at the start of lines do not count.
#[track_caller]
pub(in crate::logs) fn check(format: LogFormat, text: &str, expected: &str) {
    let expected: String = expected
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    pretty(&shown(format, text), &expected);
}

#[track_caller]
fn pretty(found: &str, expected: &str) {
    assert!(found == expected, "found:\n{found}\nexpected:\n{expected}");
}

/// Published logs beside the repository; nothing is tested where they are absent.
pub(in crate::logs) fn corpus(path: &str) -> Option<Vec<(PathBuf, String)>> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/corpus/audit")
        .join(path);
    if place.is_file() {
        let text = std::fs::read_to_string(&place).expect("a corpus file is text");
        return Some(vec![(place, text)]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(place)
        .ok()?
        .map(|entry| entry.expect("a folder is readable").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    Some(
        files
            .into_iter()
            .map(|path| {
                let text = std::fs::read_to_string(&path).expect("a corpus file is text");
                (path, text)
            })
            .collect(),
    )
}

#[test]
fn every_sample_event_of_falco_is_an_event_but_the_broken_one() {
    for (path, text) in corpus("falco/events").unwrap_or_default() {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let shown = shown(LogFormat::KubernetesAudit, &text);
        let is_broken = path.ends_with("fal_01_003.json");
        assert_eq!(
            shown.contains("Malformed"),
            is_broken,
            "{}: {shown}",
            path.display()
        );
        assert_eq!(
            shown.contains("user="),
            !is_broken,
            "{}: {shown}",
            path.display()
        );
        assert!(!shown.contains("OtherKind"), "{}: {shown}", path.display());
        if !is_broken {
            assert!(
                shown.contains(" at=15"),
                "2018: {}: {shown}",
                path.display()
            );
            assert_eq!(
                recognise(text.as_bytes()),
                Some(LogFormat::KubernetesAudit),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn published_logs_are_read_to_the_last_line() {
    for path in [
        "audit2rbac/demo.log",
        "crowdsec/k8s-audit-pod-exec-file/k8s-audit-pod-exec-file.log",
        "crowdsec/k8s-audit-priv-pod-file/k8s-audit-priv-pod-file.log",
        "rbac-tool/testdata-01.json",
        "rbac-tool/testdata-02.json",
        "rsigma/k8s_audit/test_event.json",
    ] {
        for (_, text) in corpus(path).unwrap_or_default() {
            assert_eq!(
                recognise(text.as_bytes()),
                Some(LogFormat::KubernetesAudit),
                "{path}"
            );
            let shown = shown(LogFormat::KubernetesAudit, &text);
            let events = text.matches("\"auditID\"").count();
            assert_eq!(shown.lines().count(), events, "{path}:\n{shown}");
            assert!(!shown.contains(" from line"), "{path}:\n{shown}");
        }
    }
}

#[test]
fn other_audit_logs_of_a_cloud_are_counted_as_of_another_kind() {
    for (path, format) in [
        ("rsigma/gcp_audit/test_event.json", LogFormat::Gke),
        (
            "rsigma/aws_cloudtrail/test_event.json",
            LogFormat::KubernetesAudit,
        ),
        (
            "rsigma/aws_vpcflow/test_event.json",
            LogFormat::KubernetesAudit,
        ),
    ] {
        for (_, text) in corpus(path).unwrap_or_default() {
            pretty(&shown(format, &text), "1 OtherKind from line 1\n");
        }
    }
}

#[test]
fn names_of_formats_are_read_back() {
    for format in LogFormat::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert_eq!(
        "syslog".parse::<LogFormat>().unwrap_err().to_string(),
        "no log format is called `syslog`"
    );
}

#[test]
fn formats_are_told_from_content() {
    let event =
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a"}"#;
    let escaped = event.replace('"', "\\\"");
    for (text, format) in [
        (event.to_owned(), Some(LogFormat::KubernetesAudit)),
        (format!("\n\nbanner\n{event}\n"), Some(LogFormat::KubernetesAudit)),
        (format!("cut off\"}}\n{event}\n"), Some(LogFormat::KubernetesAudit)),
        (format!("master-0 {event}\n"), Some(LogFormat::KubernetesAudit)),
        (format!("[{event}]"), Some(LogFormat::KubernetesAudit)),
        (event.replace(',', ",\n  "), Some(LogFormat::KubernetesAudit)),
        (event[..70].to_owned(), Some(LogFormat::KubernetesAudit)),
        (format!(r#"{{"log":"{escaped}\n","stream":"stdout"}}"#), Some(LogFormat::KubernetesAudit)),
        (
            format!(r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{event}]}}"#),
            Some(LogFormat::KubernetesEventList),
        ),
        (format!("{{\n \"items\": [\n{event}"), Some(LogFormat::KubernetesEventList)),
        (format!(r#"{{"logStreamName":"kube-apiserver-audit-1","message":"{escaped}"}}"#), Some(LogFormat::Eks)),
        (format!(r#"{{"events":[{{"timestamp":1,"message":"{escaped}"}}]}}"#), Some(LogFormat::Eks)),
        (format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"message":"{escaped}"}}]}}"#), Some(LogFormat::Eks)),
        (format!(r#"{{"timestamp":1,"message":"{escaped}"}}"#), Some(LogFormat::Eks)),
        (r#"[{"insertId":"1","protoPayload":{"serviceName":"k8s.io"}}]"#.to_owned(), Some(LogFormat::Gke)),
        (format!(r#"{{"records":[{{"category":"kube-audit","properties":{{"log":"{escaped}"}}}}]}}"#), Some(LogFormat::Aks)),
        (format!(r#"{{"Category":"kube-audit","log_s":"{escaped}"}}"#), Some(LogFormat::Aks)),
        (r#"{"AuditId":"1","Verb":"list"}"#.to_owned(), Some(LogFormat::Aks)),
        (r#"{"Type":"container","Action":"start"}"#.to_owned(), Some(LogFormat::DockerEvents)),
        (r#"{"integration":"docker","docker":{"Type":"container"}}"#.to_owned(), Some(LogFormat::DockerEvents)),
        (
            r#"time="2026-01-01T00:00:00Z" level=debug msg="Calling GET /v1.41/info""#.to_owned(),
            Some(LogFormat::DockerDaemon),
        ),
        (
            r#"{"level":"debug","method":"GET","module":"api","msg":"handling GET request","request-url":"/v1.47/info"}"#.to_owned(),
            Some(LogFormat::DockerDaemon),
        ),
        (
            format!(
                "time=\"2026-01-01T00:00:00Z\" level=info msg=\"Starting up\"\n{}",
                "time=\"2026-01-01T00:00:00Z\" level=debug msg=\"Registering route\" method=GET path=/info\n".repeat(250)
            ),
            Some(LogFormat::DockerDaemon),
        ),
        (
            r#"Jan 1 00:00:00 host dockerd[7]: time="2026-01-01T00:00:00Z" level=debug msg="Registering GET, /info""#.to_owned(),
            Some(LogFormat::DockerDaemon),
        ),
        (
            r#"{"level":"info","msg":"API listen on /var/run/docker.sock","time":"2026-01-01T00:00:00Z"}"#.to_owned(),
            Some(LogFormat::DockerDaemon),
        ),
        (
            r#"time="2026-01-01T00:00:00Z" level=info msg="Starting up" app=another"#.to_owned(),
            None,
        ),
        (r#"{"User":"","RequestMethod":"GET","RequestUri":"/info"}"#.to_owned(), Some(LogFormat::DockerAuthorization)),
        (r#"{"output":"x","priority":"Notice","rule":"r","output_fields":{}}"#.to_owned(), Some(LogFormat::Falco)),
        (r#"{"process_exec":{"process":{}},"node_name":"n"}"#.to_owned(), Some(LogFormat::Tetragon)),
        ("type=SYSCALL msg=audit(1.000:1): arch=c000003e".to_owned(), Some(LogFormat::Auditd)),
        (
            "2026-01-01T00:00:00.1Z stdout F [INFO] 10.0.0.1:1234 - 5 \"A IN a.b. udp 60 false 512\" NOERROR qr 1 0.1s".to_owned(),
            Some(LogFormat::CoreDns),
        ),
        (String::new(), None),
        ("just text\nand more\n".to_owned(), None),
        (r#"{"kind":"Pod","apiVersion":"v1"}"#.to_owned(), None),
    ] {
        assert_eq!(recognise(text.as_bytes()), format, "{text}");
    }
}

#[test]
fn documents_are_told_from_lines() {
    for (sample, framing) in [
        ("{\"a\":1}\n{\"a\":2}\n", Framing::Lines),
        ("{\"a\":1,\n\"b\":2}\n", Framing::Document),
        ("[\n{\"a\":1}\n]", Framing::Document),
        ("{\"a\":\"longer than the sam", Framing::Lines),
        ("", Framing::Lines),
    ] {
        assert_eq!(
            LogFormat::KubernetesAudit.framing(sample.as_bytes()),
            framing,
            "{sample}"
        );
    }
    assert_eq!(LogFormat::Auditd.framing(b"type=[\n"), Framing::Lines);
}

#[test]
fn any_cut_of_any_format_is_read_without_a_panic() {
    let texts = [
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","verb":"get"}"#,
        r#"{"records":[{"category":"kube-audit","properties":{"log":"{\"kind\":\"Event\"}"}}]}"#,
        "type=EXECVE msg=audit(1.0:1): argc=2 a0=\"docker\" a1=7073 \u{1d}UID=\"root\"",
        "[INFO] [::1]:1234 - 5 \"A IN é. udp 60 false 512\" NOERROR qr 1 0.1s",
        "time=\"x\" level=debug msg=\"Calling GET /v1.41/images/a\\\"/json\" é=\"",
        r#"{"log":"{\"kind\":\"Event\"}\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}"#,
    ];
    for text in texts {
        for end in 0..=text.len() {
            for format in LogFormat::ALL {
                let arena = Arena::new();
                let (mut activities, mut skips) = (Vec::new(), Skips::default());
                let cut = &text.as_bytes()[..end];
                decode(format, cut, &arena, &mut activities, &mut skips);
                recognise(cut);
            }
        }
    }
}

#[test]
fn bytes_that_are_no_text_hide_nothing() {
    let arena = Arena::new();
    let (mut activities, mut skips) = (Vec::new(), Skips::default());
    let log = b"type=EXECVE msg=audit(1.000:7): argc=2 a0=\"docker\" a1=\"\xff\"\n";
    decode(LogFormat::Auditd, log, &arena, &mut activities, &mut skips);
    let process = activities[0].process.as_deref().expect("a command");
    assert_eq!(process.command, "docker \u{fffd}");
    assert_eq!(activities[0].verdict, Verdict::Unknown);
    assert_eq!(activities[0].actor.groups, Texts::Empty);
}

#[test]
fn eks_events_come_out_of_their_envelopes() {
    let event = r#"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"a\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/pods?limit=5\\u0026watch=1\",\"verb\":\"list\",\"user\":{\"username\":\"u\",\"extra\":{\"accessKeyId\":[\"ASIA1\"]}},\"sourceIPs\":[\"1.1.1.1\",\"2.2.2.2\"],\"objectRef\":{\"resource\":\"pods\",\"apiVersion\":\"v1\"}"#;
    let tail = r#",\"requestReceivedTimestamp\":\"1970-01-01T00:00:01.000002Z\",\"stageTimestamp\":\"1970-01-01T00:00:01.000002Z\"}"#;
    let shown = "list version=v1 resource=pods uri=/api/v1/pods?limit=5&watch=1 user=u credential=ASIA1 from=2.2.2.2 claimed=some";
    check(
        LogFormat::Eks,
        &format!(
            r#"{{"logStreamName":"kube-apiserver-audit-1","timestamp":1432826855000,"message":"{event}{tail}","ingestionTime":1,"eventId":"1"}}"#
        ),
        &format!("{shown} id=a at=1000002"),
    );
    check(
        LogFormat::Eks,
        &format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/eks/prod/cluster","logStream":"s","logEvents":[{{"id":"1","timestamp":1432826855000,"message":"{event}{tail}"}},{{"id":"2","timestamp":1432826855000,"message":"{event},\"responseOb[Truncated...]"}},{{"id":"3","timestamp":1,"message":"I0101 klog text"}}]}}{{"messageType":"CONTROL_MESSAGE","logEvents":[{{"message":"CWL CONTROL MESSAGE: Checking health"}}]}}"#
        ),
        &format!(
            "{shown} cluster=prod id=a at=1000002
            {shown} cluster=prod id=a at=1432826855000000 truncated
            2 OtherKind from line 1"
        ),
    );
}

/// Base64 of gzip, as `CloudWatch` makes it.
fn packed(text: &str) -> String {
    use base64::Engine as _;
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap())
}

#[test]
fn eks_records_are_unpacked() {
    let envelope = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/eks/prod/cluster","logStream":"s","logEvents":[{"id":"1","timestamp":1432826855000,"message":"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"a\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/pods\",\"verb\":\"list\",\"user\":{\"username\":\"u\"},\"sourceIPs\":[\"1.1.1.1\"],\"objectRef\":{\"resource\":\"pods\",\"apiVersion\":\"v1\"},\"requestReceivedTimestamp\":\"1970-01-01T00:00:01.000002Z\",\"stageTimestamp\":\"1970-01-01T00:00:01.000002Z\"}"}]}"#;
    let shown = "list version=v1 resource=pods uri=/api/v1/pods user=u from=1.1.1.1 cluster=prod id=a at=1000002";
    let record = packed(envelope);
    let bare = record.trim_end_matches('=');
    let lambda = format!(r#"{{"awslogs":{{"data":"{record}"}}}}"#);
    let kinesis =
        format!(r#"{{"Records":[{{"kinesis":{{"partitionKey":"k","data":"{record}"}}}}]}}"#);
    for (text, times) in [
        (record.clone(), 1),
        (lambda, 1),
        (kinesis, 1),
        (format!("{record}\n{bare}\n"), 2),
        (packed(&format!("{envelope}\n{envelope}")), 2),
    ] {
        assert_eq!(recognise(text.as_bytes()), Some(LogFormat::Eks), "{text}");
        check(LogFormat::Eks, &text, &vec![shown; times].join("\n"));
    }
}

#[test]
fn what_is_no_record_is_counted_and_unfolds_to_little() {
    let bomb = packed(&format!("{{\"logEvents\":[{}]}}", " ".repeat(8 << 20)));
    let cut = packed(&"abcdefgh0123456789".repeat(2));
    let cut = &cut[..cut.len() / 8 * 4];
    check(
        LogFormat::Eks,
        &format!("{bomb}\nH4sI-no base64\n{cut}\n{{\"awslogs\":{{\"data\":7}}}}"),
        "1 Malformed from line 2
            1 Truncated from line 3
            1 TooLong from line 1
            1 OtherKind from line 4",
    );
    // Other things are packed too.
    assert_eq!(recognise(packed("{\"a\":1}").as_bytes()), None);
    assert_eq!(recognise(b"H4sI"), None);
}

#[test]
fn gke_entries_are_translated_back() {
    check(
        LogFormat::Gke,
        r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"system:gke-master-healthcheck"},"authorizationInfo":[{"granted":true,"permission":"io.k8s.get","resource":"readyz"}],"methodName":"io.k8s.get","requestMetadata":{"callerIp":"10.0.0.1","callerSuppliedUserAgent":"gke"},"resourceName":"readyz","serviceName":"k8s.io","status":{"code":0}},"insertId":"1234abcd","resource":{"type":"k8s_cluster","labels":{"cluster_name":"prod"}},"timestamp":"1970-01-01T00:00:01Z","labels":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"because"}}
        [{"protoPayload":{"serviceName":"k8s.io","methodName":"io.k8s.core.v1.pods.exec.create","resourceName":"core/v1/namespaces/shop/pods/web/exec","requestMetadata":{"callerIP":"10.0.0.2"},"status":{"code":7,"message":"no"},"authorizationInfo":[{"granted":false}]},"insertId":"x","operation":{"id":"op","first":true}},
        {"protoPayload":{"serviceName":"k8s.io","methodName":"io.k8s.authorization.rbac.v1.clusterroles.list","resourceName":"rbac.authorization.k8s.io/v1/clusterroles","status":{"code":99},"response":{"items":[{},{}]}}},
        {"protoPayload":{"serviceName":"storage.googleapis.com"}}]"#,
        "get uri=/readyz user=system:gke-master-healthcheck from=10.0.0.1 agent=gke cluster=prod id=1234abcd at=1000000 code=200 verdict=Allowed reason=because
        ResponseStarted: create version=v1 resource=pods sub=exec ns=shop name=web uri=/core/v1/namespaces/shop/pods/web/exec from=10.0.0.2 id=op code=403 verdict=Refused message=no
        list group=rbac.authorization.k8s.io version=v1 resource=clusterroles uri=/rbac.authorization.k8s.io/v1/clusterroles level=RequestResponse
        1 OtherKind from line 2",
    );
}

#[test]
fn aks_records_are_read_in_all_their_shapes() {
    let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","verb":"list","user":{"username":"u"}}"#;
    let escaped = event.replace('"', "\\\"");
    check(
        LogFormat::Aks,
        &format!(
            r#"{{"records":[{{"category":"kube-audit","properties":{{"log":"{escaped}"}},"resourceId":"/SUBSCRIPTIONS/1/MANAGEDCLUSTERS/PROD","time":"1970-01-01T00:00:01Z"}},{{"category":"kube-audit-admin","properties":{{"log":{event}}}}},{{"category":"guard","properties":{{"log":"{escaped}"}}}},{{"category":"kube-audit","properties":{{"log":"I0101 text"}}}}]}}
            {{"Category":"kube-audit","log_s":"{escaped}","TimeGenerated":"1970-01-01T00:00:02Z"}}
            {{"AuditId":"b","Level":"Request","Verb":"get","RequestUri":"/api","User":"{{\"username\":\"v\"}}","SourceIps":["1.1.1.1"],"ResponseStatus":{{"code":403}},"RequestReceivedTime":"1970-01-01T00:00:03.1234567Z","Annotations":"{{}},\"verb\":\"forged\""}}"#
        ),
        "list user=u cluster=PROD id=a at=1000000
        list user=u id=a
        list user=u id=a at=2000000
        get uri=/api user=v from=1.1.1.1 id=b at=3123456 level=Request code=403
        2 OtherKind from line 1",
    );
}

#[test]
fn queries_of_coredns_are_read_with_the_time_of_their_container() {
    check(
        LogFormat::CoreDns,
        "1970-01-01T00:00:01.000000000Z stdout F [INFO] 10.0.0.1:1234 - 5 \"SRV IN any.any.svc.cluster.local. udp 60 false 512\" NOERROR qr,aa,rd 146 0.000171s
        {\"log\":\"[INFO] [fd00::1]:50759 - 29008 \\\"PTR IN 1.0.96.10.in-addr.arpa. udp 41 false 4096\\\" NXDOMAIN qr 41 0.1s\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:02Z\"}
        [INFO] 10.0.0.2:1 - 1 \"AXFR IN cluster.local. tcp 60 false 512\" REFUSED qr 1 0.1s
        [INFO] plugin/reload: Running configuration SHA512 = 5
        .:53",
        "Dns: SRV name=any.any.svc.cluster.local. from=10.0.0.1 at=1000000 message=NOERROR
        Dns: PTR name=1.0.96.10.in-addr.arpa. from=fd00::1 at=2000000 message=NXDOMAIN
        Dns: AXFR name=cluster.local. from=10.0.0.2 verdict=Refused message=REFUSED
        2 OtherKind from line 4",
    );
}

#[test]
fn recycled_room_is_the_same_room() {
    let activities: Vec<Activity<'_>> = Vec::with_capacity(100);
    assert!(super::recycled(activities).capacity() >= 100);
}
