//! Cloud providers: their variables, host names, resource names and metadata addresses.

use super::Name;

/// Beginnings of names that the providers' own tools and runtimes define.
const NAME_PREFIXES: [&str; 17] = [
    "ALIBABA_CLOUD_",
    "ALICLOUD_",
    "AWS_",
    "AZURE_",
    "CLOUDSDK_",
    "DIGITALOCEAN_",
    "ECS_CONTAINER_METADATA_URI",
    "EC2_",
    "GCLOUD_",
    "GCP_",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_",
    "HCLOUD_",
    "IBMCLOUD_",
    "OCI_",
    "TENCENTCLOUD_",
    "WEBSITE_SITE_NAME",
];

const NAMES: [&str; 4] = [
    "IDENTITY_ENDPOINT",
    "MSI_ENDPOINT",
    "OS_AUTH_URL",
    "LAMBDA_TASK_ROOT",
];

/// Parts of values, in lower case, that belong to one provider.
const VALUE_PARTS: [&str; 34] = [
    "arn:aws",
    ".amazonaws.com",
    ".ec2.internal",
    ".compute.internal",
    ".on.aws",
    ".azure.com",
    ".azure.net",
    ".azurecr.io",
    ".azmk8s.io",
    ".windows.net",
    "/subscriptions/",
    ".googleapis.com",
    ".gserviceaccount.com",
    ".pkg.dev",
    "gcr.io/",
    ".run.app",
    "metadata.google.internal",
    ".aliyuncs.com",
    ".oraclecloud.com",
    ".digitaloceanspaces.com",
    ".ondigitalocean.com",
    ".myqcloud.com",
    ".appdomain.cloud",
    ".scw.cloud",
    "s3://",
    "gs://",
    "abfs://",
    "abfss://",
    "wasbs://",
    "oss://",
    // Amazon RDS and Azure connection strings name no domain.
    "accountname=",
    "k8s-aws-v1.",
    "fd00:ec2::254",
    "fd00:ec2::23",
];

/// Instance metadata and task credential addresses (AWS, Azure, Google, ECS; EKS pod identity;
/// Alibaba; Oracle's old one; Azure's wire server).
const METADATA_ADDRESSES: [&str; 6] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
];

const PROJECT_PARTS: [&str; 7] = [
    "/zones/",
    "/regions/",
    "/locations/",
    "/secrets/",
    "/topics/",
    "/subscriptions/",
    "/serviceaccounts/",
];

pub(super) fn is_told(name: &Name, value: Option<&str>) -> bool {
    if name.starts_with_any(&NAME_PREFIXES) || name.is_any(&NAMES) {
        return true;
    }
    let Some(value) = value else {
        return false;
    };
    let value = value.to_ascii_lowercase();
    VALUE_PARTS.iter().any(|part| value.contains(part))
        || METADATA_ADDRESSES
            .iter()
            .any(|address| holds_address(&value, address))
        || (value.contains("projects/") && PROJECT_PARTS.iter().any(|part| value.contains(part)))
        || (name.words().any(|word| word == "REGION" || word == "ZONE") && is_region(&value))
}

/// Whether the address stands there whole: `169.254.170.2` is not in `169.254.170.23`.
fn holds_address(value: &str, address: &str) -> bool {
    value
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .any(|word| word.trim_matches('.') == address)
}

/// `eu-west-1`, `us-gov-east-1a`, `europe-west4-b`, `eastus2`-like words are too plain to be told apart.
fn is_region(value: &str) -> bool {
    let words: Vec<&str> = value.split('-').collect();
    words.len() >= 2
        && words
            .iter()
            .any(|word| word.bytes().any(|b| b.is_ascii_digit()))
        && words
            .first()
            .is_some_and(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
        && value
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
