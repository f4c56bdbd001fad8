//! Certificates for the servers and their clients, made here. For tests only: keys lie in files.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::{OsRng, RngCore};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::EncodePem;
use x509_cert::der::asn1::{
    Any, Ia5String, ObjectIdentifier, OctetString, SetOfVec, Utf8StringRef,
};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// A certificate with its private key, both in PEM form.
#[derive(Debug, Clone)]
pub struct KeyedCertificate {
    /// `-----BEGIN CERTIFICATE-----`
    pub certificate: String,
    /// `-----BEGIN PRIVATE KEY-----`
    pub key: String,
}

/// A certificate authority.
pub struct Authority {
    name: Name,
    key: SigningKey,
    keyed: KeyedCertificate,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name.to_string())
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes a new one.
    pub fn new(common_name: &str) -> Result<Self> {
        let key = SigningKey::random(&mut OsRng);
        let name = subject(common_name, &[])?;
        let builder = builder(Profile::Root, name.clone(), &key, &key)?;
        let keyed = finish(builder, &key)?;
        Ok(Self { name, key, keyed })
    }

    /// The authority's own certificate and key.
    pub fn keyed(&self) -> &KeyedCertificate {
        &self.keyed
    }

    /// A client certificate: Kubernetes reads the user from CN and each group from one O.
    pub fn client(&self, user: &str, groups: &[&str]) -> Result<KeyedCertificate> {
        self.leaf(subject(user, groups)?, CLIENT_AUTH, &[])
    }

    /// A server certificate for names and addresses.
    pub fn server(
        &self,
        common_name: &str,
        groups: &[&str],
        hosts: &[&str],
    ) -> Result<KeyedCertificate> {
        self.leaf(subject(common_name, groups)?, SERVER_AUTH, hosts)
    }

    fn leaf(
        &self,
        subject: Name,
        usage: ObjectIdentifier,
        hosts: &[&str],
    ) -> Result<KeyedCertificate> {
        let key = SigningKey::random(&mut OsRng);
        let profile = Profile::Leaf {
            issuer: self.name.clone(),
            enable_key_agreement: false,
            enable_key_encipherment: true,
        };
        let mut builder = builder(profile, subject, &key, &self.key)?;
        builder
            .add_extension(&ExtendedKeyUsage(vec![usage]))
            .context("cannot make a certificate")?;
        if !hosts.is_empty() {
            let hosts = hosts
                .iter()
                .map(|host| general_name(host))
                .collect::<Result<_>>()?;
            builder
                .add_extension(&SubjectAltName(hosts))
                .context("cannot make a certificate")?;
        }
        finish(builder, &key)
    }
}

impl KeyedCertificate {
    /// Writes `<name>.crt` and `<name>.key` and returns their paths.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(PathBuf, PathBuf)> {
        let (certificate, key) = (
            folder.join(format!("{name}.crt")),
            folder.join(format!("{name}.key")),
        );
        std::fs::write(&certificate, &self.certificate).context("cannot write a certificate")?;
        std::fs::write(&key, &self.key).context("cannot write a key")?;
        Ok((certificate, key))
    }
}

/// A new pair of keys in PEM form, private and public, for signing service account tokens.
pub(crate) fn token_keys() -> Result<(String, String)> {
    let key = SigningKey::random(&mut OsRng);
    let public = p256::PublicKey::from(VerifyingKey::from(&key));
    let public = public
        .to_public_key_pem(LineEnding::LF)
        .context("cannot encode a key")?;
    Ok((key_pem(&key)?, public))
}

fn builder<'s>(
    profile: Profile,
    subject: Name,
    key: &SigningKey,
    signer: &'s SigningKey,
) -> Result<CertificateBuilder<'s, SigningKey>> {
    let mut serial = [0; 16];
    OsRng.fill_bytes(&mut serial);
    // A serial number is positive, and its first byte is not zero.
    serial[0] = serial[0] & 0x7f | 0x40;
    let serial = SerialNumber::new(&serial).context("cannot make a serial number")?;
    let validity = Validity::from_now(LIFETIME).context("cannot make a certificate")?;
    let public = SubjectPublicKeyInfoOwned::from_key(VerifyingKey::from(key))
        .context("cannot encode a key")?;
    CertificateBuilder::new(profile, serial, validity, subject, public, signer)
        .context("cannot make a certificate")
}

fn finish(
    builder: CertificateBuilder<'_, SigningKey>,
    key: &SigningKey,
) -> Result<KeyedCertificate> {
    let certificate: Certificate = builder
        .build::<DerSignature>()
        .context("cannot sign a certificate")?;
    let certificate = certificate
        .to_pem(LineEnding::LF)
        .context("cannot encode a certificate")?;
    Ok(KeyedCertificate {
        certificate,
        key: key_pem(key)?,
    })
}

fn key_pem(key: &SigningKey) -> Result<String> {
    let secret = p256::SecretKey::from(key);
    Ok(secret
        .to_pkcs8_pem(LineEnding::LF)
        .context("cannot encode a key")?
        .to_string())
}

/// Organizations first, as Kubernetes' own tools write them.
fn subject(common_name: &str, organizations: &[&str]) -> Result<Name> {
    let organizations = organizations
        .iter()
        .map(|organization| (ORGANIZATION, *organization));
    let parts = organizations.chain([(COMMON_NAME, common_name)]);
    parts
        .map(|(oid, value)| relative_name(oid, value))
        .collect::<Result<Vec<_>>>()
        .map(RdnSequence)
}

fn relative_name(oid: ObjectIdentifier, value: &str) -> Result<RelativeDistinguishedName> {
    let text = Utf8StringRef::new(value).context("a certificate's name is not text")?;
    let value = Any::encode_from(&text).context("a certificate's name is not text")?;
    let mut set = SetOfVec::new();
    set.insert(AttributeTypeAndValue { oid, value })
        .context("cannot make a certificate's name")?;
    Ok(RelativeDistinguishedName(set))
}

fn general_name(host: &str) -> Result<GeneralName> {
    let bytes = match IpAddr::from_str(host) {
        Ok(IpAddr::V4(ip)) => ip.octets().to_vec(),
        Ok(IpAddr::V6(ip)) => ip.octets().to_vec(),
        Err(_) => {
            return Ok(GeneralName::DnsName(
                Ia5String::new(host).context("a host name is not ASCII")?,
            ));
        }
    };
    Ok(GeneralName::IpAddress(
        OctetString::new(bytes).context("cannot encode an address")?,
    ))
}
