use super::path::object_of;
use crate::logs::LogFormat;
use crate::logs::tests::{check, corpus, shown};

#[test]
fn paths_name_collection_object_and_aspect() {
    for (path, expected) in [
        ("/v1.47/containers/json?all=1", "containers||json"),
        ("/containers/abc/json?size=1", "containers|abc|json"),
        ("/v1.41/containers/abc/top", "containers|abc|top"),
        ("/v1.41/containers/abc/logs?stdout=1", "containers|abc|logs"),
        ("/v1.41/containers/abc", "containers|abc|"),
        ("/v1.41/containers/create?name=x", "containers||create"),
        ("/v1.41/images/json", "images||json"),
        (
            "/v1.41/images/registry.example/team/app:1/json",
            "images|registry.example/team/app:1|json",
        ),
        ("/v1.41/images/search?term=x", "images||search"),
        ("/v1.41/networks", "networks||"),
        ("/v1.41/networks/bridge", "networks|bridge|"),
        ("/v1.41/system/df", "system||df"),
        ("/v1.41/info", "info||"),
        ("/_ping", "_ping||"),
        ("/v1.41/exec/abc/start", "exec|abc|start"),
        ("/v4.0.0/libpod/containers/json", "containers||json"),
        ("/v1.41/swarm/join", "swarm||join"),
        ("", "||"),
    ] {
        let object = object_of(path);
        let found = [&*object.resource, &object.name, &object.subresource].join("|");
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn the_daemon_log_is_read_old_and_new_and_as_json() {
    check(
        LogFormat::DockerDaemon,
        "Jan 01 host dockerd[7]: time=\"1970-01-01T00:00:01.000000002Z\" level=debug msg=\"Calling GET /v1.41/containers/json?all=1\"
        time=\"1970-01-01T00:00:02Z\" level=debug msg=\"handling GET request\" method=GET module=api request-url=\"/v1.47/images/json\" vars=\"map[version:1.47]\"
        {\"level\":\"debug\",\"method\":\"HEAD\",\"module\":\"api\",\"msg\":\"handling HEAD request\",\"request-url\":\"/_ping\",\"time\":\"1970-01-01T00:00:03Z\",\"vars\":{}}
        time=\"1970-01-01T00:00:04Z\" level=error msg=\"Handler for GET /v1.41/containers/x/json returned error: No such container: x\"
        time=\"1970-01-01T00:00:05Z\" level=debug msg=\"error response for GET request\" error-response=\"no such \\\"x\\\"\" method=GET module=api request-url=/v1.47/networks/x status=404
        time=\"1970-01-01T00:00:06Z\" level=info msg=\"API listen on /run/docker.sock\"",
        "DockerApi: get version=v1.41 resource=containers sub=json uri=/v1.41/containers/json?all=1 at=1000000
        DockerApi: get version=v1.47 resource=images sub=json uri=/v1.47/images/json at=2000000
        DockerApi: head resource=_ping uri=/_ping at=3000000
        DockerApi: get version=v1.41 resource=containers sub=json name=x uri=/v1.41/containers/x/json at=4000000 message=No such container: x
        DockerApi: get version=v1.47 resource=networks name=x uri=/v1.47/networks/x at=5000000 code=404 message=no such \"x\"
        1 OtherKind from line 6",
    );
}

#[test]
fn events_are_read_bare_and_wrapped() {
    check(
        LogFormat::DockerEvents,
        r#"{"status":"exec_create: /bin/sh","id":"c1","from":"nginx","Type":"container","Action":"exec_create: /bin/sh","Actor":{"ID":"c1","Attributes":{"image":"nginx","name":"web"}},"scope":"local","time":1766395777,"timeNano":1766395777000000000}
        {"integration":"docker","docker":{"Type":"container","Action":"top","Actor":{"ID":"c1","Attributes":{"name":"web"}},"time":1766395777}}
        {"docker":{"event":{"type":"network","actor":{"id":"n1","attributes":{}},"action":"connect"}}}
        {"status":"start","id":"c2","from":"nginx","time":1766395777}
        {"other":1}"#,
        "DockerApi: exec_create resource=containers name=web at=1766395777000000 process( `/bin/sh` under  in c1 nginx file )
        DockerApi: top resource=containers name=web at=1766395777000000
        DockerApi: connect resource=networks name=n1
        DockerApi: start resource=containers name=c2 at=1766395777000000
        1 OtherKind from line 5",
    );
}

#[test]
fn a_published_event_is_read() {
    for (_, text) in corpus("rsigma/docker_events/test_event.json").unwrap_or_default() {
        assert_eq!(
            shown(LogFormat::DockerEvents, &text),
            "DockerApi: start resource=containers name=my-app at=1705312200000000\n"
        );
    }
}

#[test]
fn both_questions_to_an_authorization_plugin_are_read() {
    check(
        LogFormat::DockerAuthorization,
        r#"{"User":"alice","UserAuthNMethod":"TLS","RequestMethod":"GET","RequestUri":"/v1.47/containers/json?all=1","RequestBody":"e30=","RequestHeaders":{"User-Agent":"curl"},"time":1}
        {"User":"alice","RequestMethod":"GET","RequestURI":"/v1.47/info","ResponseStatusCode":200,"Allow":false,"Msg":"denied","time":"1970-01-01T00:00:02Z"}
        {"Allow":true}"#,
        "DockerApi: RequestReceived: get version=v1.47 resource=containers sub=json uri=/v1.47/containers/json?all=1 user=alice agent=curl at=1000000
        DockerApi: get version=v1.47 resource=info uri=/v1.47/info user=alice at=2000000 code=200 verdict=Refused reason=denied
        1 OtherKind from line 3",
    );
}
