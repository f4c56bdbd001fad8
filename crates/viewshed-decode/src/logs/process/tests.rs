use crate::logs::LogFormat;
use crate::logs::tests::check;

#[test]
fn alerts_of_falco_give_commands_and_files() {
    check(
        LogFormat::Falco,
        r#"{"hostname":"worker-1","output":"...","priority":"Notice","rule":"Terminal shell","source":"syscall","tags":[],"time":"1970-01-01T00:00:01.000000000Z","output_fields":{"container.id":"abc","container.image.repository":"nginx","evt.time":1000000000,"k8s.pod.name":"web","proc.cmdline":"kubectl get pods -A","proc.name":"kubectl","proc.exepath":"/usr/bin/kubectl","proc.pname":"sh","user.name":"root","user.uid":0,"fd.name":"10.0.0.1:1->10.0.0.2:443"}}
        {"rule":"Read token","source":"syscall","time":"1970-01-01T00:00:02Z","output_fields":{"proc.name":"cat","proc.cmdline":"cat token","fd.name":"/run/secrets/kubernetes.io/serviceaccount/token","container.id":"host","user.name":"<NA>"}}
        {"rule":"Other","source":"syscall","output_fields":{"proc.cmdline":"ls"}}
        {"rule":"K8s","source":"k8s_audit","output_fields":{}}"#,
        "Process: kubectl user=root uid=0 pod=web node=worker-1 cluster=worker-1 at=1000000 message=Terminal shell process(/usr/bin/kubectl `kubectl get pods -A` under sh in abc nginx file )
        Process: open at=2000000 message=Read token process(cat `cat token` under  in   file /run/secrets/kubernetes.io/serviceaccount/token)
        2 OtherKind from line 3",
    );
}

#[test]
fn events_of_tetragon_give_commands_and_files() {
    check(
        LogFormat::Tetragon,
        r#"{"process_exec":{"process":{"exec_id":"x1","uid":0,"binary":"/usr/local/bin/crictl","arguments":"ps -a","pod":{"namespace":"shop","name":"web","container":{"id":"containerd://abc","image":{"name":"nginx:1"}}}},"parent":{"binary":"/bin/sh"}},"node_name":"worker-1","time":"1970-01-01T00:00:01Z"}
        {"process_kprobe":{"process":{"binary":"/bin/cat","arguments":"t"},"function_name":"security_file_permission","args":[{"int_arg":4},{"file_arg":{"path":"/var/run/secrets/kubernetes.io/serviceaccount/token"}}]},"node_name":"worker-1","time":"1970-01-01T00:00:02Z"}
        {"process_kprobe":{"process":{"binary":"/bin/cat"},"args":[{"sock_arg":{}}]}}
        {"process_exit":{"process":{"binary":"/usr/bin/docker"}}}
        {"process_exec":{"process":{"binary":"/bin/ls"}}}"#,
        "Process: crictl uid=0 pod=web node=worker-1 id=x1 at=1000000 process(/usr/local/bin/crictl `/usr/local/bin/crictl ps -a` under /bin/sh in containerd://abc nginx:1 file )
        Process: open node=worker-1 at=2000000 process(/bin/cat `/bin/cat t` under  in   file /var/run/secrets/kubernetes.io/serviceaccount/token)
        3 OtherKind from line 3",
    );
}

#[test]
fn records_of_one_audit_event_are_joined() {
    check(
        LogFormat::Auditd,
        "node=host1 type=SYSCALL msg=audit(1.250:7): arch=c000003e syscall=59 success=yes ppid=1 auid=1000 uid=0 comm=\"kubectl\" exe=\"/usr/bin/kubectl\" key=\"k\"\u{1d}ARCH=x86_64 AUID=\"alice\" UID=\"root\"
        node=host1 type=EXECVE msg=audit(1.250:7): argc=3 a0=\"kubectl\" a1=\"get\" a2=706F6473202D41
        node=host1 type=PATH msg=audit(1.250:7): item=0 name=\"/usr/bin/kubectl\" inode=1
        type=SYSCALL msg=audit(2.000:8): syscall=257 uid=33 exe=\"/bin/cat\"
        type=CWD msg=audit(2.000:8): cwd=\"/\"
        type=PATH msg=audit(2.000:8): item=0 name=\"/run/secrets/kubernetes.io/serviceaccount/token\"
        type=EXECVE msg=audit(3.000:9): argc=1 a0=\"ls\"
        type=USER_LOGIN msg=audit(4.000:10): pid=1
        no record",
        "Process: kubectl user=alice uid=0 node=host1 cluster=host1 id=1.250:7 at=1250000 process(/usr/bin/kubectl `kubectl get pods -A` under  in   file )
        Process: open uid=33 id=2.000:8 at=2000000 process(/bin/cat `` under  in   file /run/secrets/kubernetes.io/serviceaccount/token)
        1 Malformed from line 9
        2 OtherKind from line 8",
    );
}
