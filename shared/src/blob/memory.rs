//! The store in a map, for tests and simulation. Its clock stands until it is set.
//!
//! It knows no MD5, so it neither checks digests nor reports them.

use super::store::{Attributes, BlobStore, Entry, Expected, Page, Part, Properties, StoreError};
use crate::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Keys with what is known of them and their content.
#[derive(Debug, Default)]
pub struct MemoryBlobStore {
    objects: RefCell<BTreeMap<String, (Properties, Vec<u8>)>>,
    written: Cell<u64>,
    now: Cell<i64>,
}

impl MemoryBlobStore {
    /// Sets the clock.
    pub fn set_time(&self, now: Timestamp) {
        self.now.set(now.milliseconds());
    }

    /// All keys.
    pub fn keys(&self) -> Vec<String> {
        self.objects.borrow().keys().cloned().collect()
    }

    fn is_as_expected(&self, key: &str, expected: &Expected) -> bool {
        let objects = self.objects.borrow();
        let found = objects.get(key).map(|(properties, _)| &properties.etag);
        match expected {
            Expected::Anything => true,
            Expected::Absent => found.is_none(),
            Expected::Version(etag) => found == Some(etag),
        }
    }

    fn replace(
        &self,
        key: &str,
        content: Vec<u8>,
        attributes: &Attributes,
    ) -> Result<Properties, StoreError> {
        if !self.is_as_expected(key, &attributes.expected) {
            return Err(StoreError::Unexpected);
        }
        self.written.set(self.written.get().saturating_add(1));
        let properties = Properties {
            size: content.len() as u64,
            etag: format!("{:016x}", self.written.get()),
            modified: self.now.get(),
            md5: None,
            headers: attributes.headers.clone(),
            metadata: attributes.metadata.clone(),
        };
        let mut objects = self.objects.borrow_mut();
        objects.insert(key.to_owned(), (properties.clone(), content));
        Ok(properties)
    }
}

impl BlobStore for MemoryBlobStore {
    type Incoming = Vec<u8>;
    type Outgoing = Vec<u8>;

    fn content(&self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    fn taken_back(&self, content: Vec<u8>) -> Vec<u8> {
        content
    }

    async fn collect(&self, content: Vec<u8>, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok((content.len() <= limit).then_some(content))
    }

    async fn properties(&self, key: &str) -> Result<Option<Properties>, StoreError> {
        let objects = self.objects.borrow();
        Ok(objects.get(key).map(|(properties, _)| properties.clone()))
    }

    async fn read(
        &self,
        key: &str,
        etag: &str,
        part: Option<(u64, u64)>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let objects = self.objects.borrow();
        let Some((properties, content)) = objects.get(key) else {
            return Ok(None);
        };
        if properties.etag != etag {
            return Ok(None);
        }
        let (start, length) = part.unwrap_or((0, properties.size));
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let bytes = content.iter().skip(count(start)).take(count(length));
        Ok(Some(bytes.copied().collect()))
    }

    async fn write(
        &self,
        key: &str,
        content: Vec<u8>,
        length: u64,
        attributes: &Attributes,
    ) -> Result<Properties, StoreError> {
        if content.len() as u64 != length {
            return Err(StoreError::Failed("the body ended early".to_owned()));
        }
        self.replace(key, content, attributes)
    }

    async fn join(
        &self,
        key: &str,
        parts: &[Part],
        length: u64,
        attributes: &Attributes,
    ) -> Result<Properties, StoreError> {
        let mut content = Vec::new();
        for part in parts {
            let bytes = self.read(&part.key, &part.etag, None).await?;
            content.extend(bytes.ok_or(StoreError::Unexpected)?);
        }
        self.write(key, content, length, attributes).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        let mut objects = self.objects.borrow_mut();
        for key in keys {
            objects.remove(key);
        }
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StoreError> {
        let objects = self.objects.borrow();
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_owned()),
            _ => Bound::Included(prefix.to_owned()),
        };
        let mut matching = objects
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix));
        let entries = matching
            .by_ref()
            .take(limit as usize)
            .map(|(key, (properties, _))| Entry {
                key: key.clone(),
                properties: properties.clone(),
            })
            .collect();
        Ok(Page {
            entries,
            more: matching.next().is_some(),
        })
    }
}
