use viewshed_model::Tell;

use super::tells;

/// `told` lists kinds by their first letters: A(ddress), C(loud), S(ecret), E(nvironment).
fn check(name: &str, value: &str, told: &str) {
    assert_eq!(letters(&tells(name, Some(value))), told, "{name}={value}");
}

fn check_name(name: &str, told: &str) {
    assert_eq!(letters(&tells(name, None)), told, "{name}");
}

fn letters(tells: &[Tell]) -> String {
    tells
        .iter()
        .map(|tell| match tell {
            Tell::ServiceAddress => 'A',
            Tell::Cloud => 'C',
            Tell::Credential => 'S',
            Tell::Environment => 'E',
        })
        .collect()
}

#[test]
fn ordinary_settings_tell_nothing() {
    for (name, value) in [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/bin"),
        ("HOME", "/root"),
        ("PWD", "/srv/app"),
        ("LANG", "C.UTF-8"),
        ("TERM", "xterm"),
        ("HOSTNAME", "web-1"),
        ("NGINX_VERSION", "1.27.4"),
        ("BUILD_VERSION", "1.2.3.4"),
        ("JAVA_OPTS", "-Xmx512m -Dfile.encoding=UTF-8"),
        ("LISTEN", "0.0.0.0:8080"),
        ("BIND_ADDRESS", "127.0.0.1:9090"),
        ("SELF_URL", "http://localhost:3000/health"),
        ("PORT", "8080"),
        ("START_AT", "12:30"),
        ("WINDOW", "08:00-18:00"),
        ("BASE", "debian:12"),
        ("SIDECAR_IMAGE", "shop/cart:8080"),
        ("MODE", "a://"),
        ("EMPTY", ""),
        ("DB_PASSWORD", ""),
        ("AWS_REGION", ""),
        ("ENV", "  "),
        ("CONFIG", "file:///etc/shop.toml"),
        ("TOKEN_TTL", "3600"),
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("MYSQL_RANDOM_ROOT_PASSWORD", "yes"),
        ("PRIMARY_KEY", "id"),
        ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0x"),
        ("EMAIL", "ops@example.org"),
        ("FEATURES", "cart,search,on"),
        ("ZONE_NAME", "warehouse-b"),
    ] {
        check(name, value, "");
    }
}

#[test]
fn addresses_of_services_are_told() {
    for (name, value) in [
        ("DB_HOST", "postgres"),
        ("CACHE", "redis:6379"),
        ("BACKEND", "https://cart.example.org/v1"),
        ("UPSTREAMS", "a.shop.svc,b.shop.svc.cluster.local"),
        ("PEER", "10.42.0.7"),
        ("PEERS", "10.42.0.7:2380, 10.42.0.8:2380"),
        ("POD_CIDR", "10.42.0.0/16"),
        ("PEER6", "[fd00::7]:2380"),
        ("REDIS_SERVICE_HOST", "x"),
        ("REDIS_SERVICE_PORT_METRICS", "9121"),
        ("REDIS_PORT_6379_TCP_PROTO", "tcp"),
        ("REDIS_PORT", "tcp://10.96.0.12:6379"),
        ("DSN", "host=db port=5432 dbname=shop"),
        ("SPRING_DATASOURCE", "jdbc:postgresql://db/shop"),
        ("DOCKER_HOST", "unix:///var/run/docker.sock"),
        ("RUNTIME", "/run/containerd/containerd.sock"),
        ("API_URL", "${API_URL}"),
        ("KAFKA_BROKERS", "kafka-0.kafka:9092"),
        ("RESOLVER", "ns1.corp.internal"),
        ("OTLP_ENDPOINT", "collector:443"),
    ] {
        check(name, value, "A");
    }
}

#[test]
fn the_cloud_is_told() {
    check("AWS_REGION", "eu-west-1", "C");
    check("REGION", "europe-west4", "C");
    check("ROLE", "arn:aws:iam::123456789012:role/shop", "C");
    check("BUCKET", "s3://shop-invoices", "AC");
    check("METADATA", "http://169.254.169.254/latest", "AC");
    check("QUEUE", "projects/shop-1234/topics/orders", "C");
    check("IDENTITY", "cart@shop-1234.iam.gserviceaccount.com", "C");
    check(
        "REPOSITORY",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/cart",
        "C",
    );
    check(
        "SCOPE",
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop",
        "C",
    );
    check("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG", "CS");
    check("TASK", "169.254.170.20", "A");
}

#[test]
fn credentials_are_told() {
    for (name, value) in [
        ("DB_PASSWORD", "changeme"),
        ("db-password", "changeme"),
        ("ADMIN_PWD", "x1"),
        ("STRIPE_API_KEY", "abc"),
        ("SESSION_SECRET", "${SESSION_SECRET}"),
        ("X", "AKIAIOSFODNN7EXAMPLE"),
        ("X", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("X", "ghp_0123456789abcdefghij"),
        ("X", "SWMTKN-1-0123456789abcdefghij-0123456789"),
        (
            "X",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.0123456789abcdef01",
        ),
        ("HEADERS", "Authorization: Bearer abcdefgh"),
    ] {
        check(name, value, "S");
    }
    check("DATABASE_URL", "postgres://shop:pw@db:5432/shop", "AS");
    check("DATABASE", "shop:pw@tcp(db:3306)/shop", "AS");
    check("SQL", "Server=db;Database=shop;Password=pw", "AS");
    check("DATABASE_URL", "postgres://shop@db/shop", "A");
    check("X", "-----BEGIN CERTIFICATE-----", "");
    check("X", "myghp_0123456789abcdefghij", "");
}

#[test]
fn the_environment_is_told_by_names() {
    check("KUBERNETES_SERVICE_HOST", "10.96.0.1", "AE");
    check("NODE_ENV", "production", "E");
    check("CLUSTER_NAME", "shop-prod", "E");
    check("POD_NAMESPACE", "shop", "E");
}

#[test]
fn a_name_without_value_never_tells_a_credential() {
    check_name("DB_PASSWORD", "");
    check_name("DB_HOST", "A");
    check_name("HOST", "");
    check_name("AWS_SECRET_ACCESS_KEY", "C");
    check_name("POD_NAMESPACE", "E");
    check_name("REDIS_SERVICE_HOST", "A");
    check_name("PATH", "");
}
