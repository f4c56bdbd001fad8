//! What `user.extra` tells of the credential.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::borrowed::Text;
use crate::nullable::Nullable;

/// How kube-apiserver's own keys start.
pub(super) const EXTRA_PREFIX: &str = "authentication.kubernetes.io/";

/// Of each list the first text (kubernetes/apiserver, `pkg/authentication/serviceaccount` and
/// `pkg/authentication/user`). A key may repeat; the later counts.
#[derive(Debug, Default)]
pub(super) struct KeptExtra<T> {
    pub(super) pod: T,
    pub(super) node: T,
    credential: T,
    /// EKS: the access key of the AWS identity.
    access_key: T,
}

impl<T> KeptExtra<T> {
    /// Takes the value of a key that starts with [`EXTRA_PREFIX`], which was cut off.
    #[inline]
    pub(super) fn keep(&mut self, key: &str, value: T) {
        match key {
            "pod-name" => self.pod = value,
            "node-name" => self.node = value,
            "credential-id" => self.credential = value,
            _ => {}
        }
    }

    /// Takes the value of any other key.
    #[inline]
    pub(super) fn keep_foreign(&mut self, key: &str, value: T) {
        if key == "accessKeyId" {
            self.access_key = value;
        }
    }
}

impl<T: AsRef<str>> KeptExtra<T> {
    /// The access key names the credential where nothing better does.
    #[inline]
    pub(super) fn credential(self) -> T {
        if self.credential.as_ref().is_empty() {
            self.access_key
        } else {
            self.credential
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for KeptExtra<Cow<'a, str>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExtraVisitor)
    }
}

struct ExtraVisitor;

impl<'de> Visitor<'de> for ExtraVisitor {
    type Value = KeptExtra<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of lists of texts")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(KeptExtra::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kept = KeptExtra::default();
        while let Some((key, value)) = map.next_entry::<Text<'de>, Nullable<FirstText<'de>>>()? {
            let value = value.0.0.0;
            match key.strip_prefix(EXTRA_PREFIX) {
                Some(key) => kept.keep(key, value),
                None => kept.keep_foreign(&key, value),
            }
        }
        Ok(kept)
    }
}

/// The first of a list of texts, which may be empty.
#[derive(Debug, Default)]
struct FirstText<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for FirstText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = FirstText<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let first = list.next_element()?.unwrap_or_default();
                while list.next_element::<Text<'de>>()?.is_some() {}
                Ok(FirstText(first))
            }
        }
        deserializer.deserialize_seq(First)
    }
}
