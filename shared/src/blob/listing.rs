//! List Blobs: what the query asks for and the XML that answers.
//!
//! A marker is the name of the last blob of the page before, encoded: a place, not a right.

use super::error::BlobError;
use super::name::{BlobName, ContainerName, MAX_BLOB_NAME_BYTES};
use super::store::{Entry, Page};
use super::xml::{DECLARATION, element_into, escape_into};
use crate::http::message::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Entries of a page: what the platform's store lists at once. (Azure: 5,000.)
const MAX_RESULTS: u32 = 1000;

/// A list as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Names begin with this.
    pub prefix: String,
    /// As given, for the answer.
    marker: String,
    /// Names come behind this.
    pub after: Option<String>,
    /// As given.
    asked: Option<u32>,
    /// Entries at most.
    pub limit: u32,
    with_metadata: bool,
}

impl ListQuery {
    /// Reads the query.
    pub fn of(request: &Request) -> Result<Self, BlobError> {
        let text = |name: &str| request.parameter(name).unwrap_or_default().into_owned();
        let refused = BlobError::InvalidQueryParameterValue;
        if request.filled_parameter("delimiter").is_some() {
            return Err(BlobError::UnsupportedQueryParameter);
        }
        let prefix = text("prefix");
        if prefix.len() > MAX_BLOB_NAME_BYTES {
            return Err(refused);
        }
        let marker = text("marker");
        let after = match marker.as_str() {
            "" => None,
            marker => Some(read_marker(marker).ok_or(refused)?),
        };
        let asked = match request.filled_parameter("maxresults") {
            None => None,
            Some(number) => Some(
                number
                    .parse()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or(refused)?,
            ),
        };
        Ok(Self {
            prefix,
            marker,
            after,
            asked,
            limit: asked.map_or(MAX_RESULTS, |count: u32| count.min(MAX_RESULTS)),
            with_metadata: text("include").split(',').any(|item| item == "metadata"),
        })
    }

    /// The answer. `endpoint` is the URL of the store.
    pub fn document(&self, endpoint: &str, container: &ContainerName, page: &Page) -> String {
        let keys = container.blobs_prefix();
        let mut out = String::with_capacity(512 + page.entries.len() * 512);
        out.push_str(DECLARATION);
        out.push_str("<EnumerationResults ServiceEndpoint=\"");
        escape_into(&mut out, endpoint);
        out.push_str("\" ContainerName=\"");
        escape_into(&mut out, container.as_str());
        out.push_str("\">");
        if !self.prefix.is_empty() {
            element_into(&mut out, "Prefix", &self.prefix);
        }
        if !self.marker.is_empty() {
            element_into(&mut out, "Marker", &self.marker);
        }
        if let Some(asked) = self.asked {
            element_into(&mut out, "MaxResults", &asked.to_string());
        }
        out.push_str("<Blobs>");
        for entry in &page.entries {
            let name = entry.key.strip_prefix(&keys).unwrap_or(&entry.key);
            self.entry_into(&mut out, name, entry);
        }
        out.push_str("</Blobs>");
        let last = page.entries.last().filter(|_| page.more);
        let next = last
            .and_then(|entry| entry.key.strip_prefix(&keys))
            .map(|name| URL_SAFE_NO_PAD.encode(name))
            .unwrap_or_default();
        element_into(&mut out, "NextMarker", &next);
        out.push_str("</EnumerationResults>");
        out
    }

    fn entry_into(&self, out: &mut String, name: &str, entry: &Entry) {
        let properties = &entry.properties;
        out.push_str("<Blob>");
        element_into(out, "Name", name);
        out.push_str("<Properties>");
        element_into(out, "Last-Modified", &properties.modified().http_date());
        element_into(out, "Etag", &properties.etag);
        element_into(out, "Content-Length", &properties.size.to_string());
        let headers = &properties.headers;
        for (element, value) in [
            ("Content-Type", &headers.content_type),
            ("Content-Encoding", &headers.content_encoding),
            ("Content-Language", &headers.content_language),
            ("Content-MD5", &properties.md5),
            ("Cache-Control", &headers.cache_control),
            ("Content-Disposition", &headers.content_disposition),
        ] {
            if let Some(value) = value {
                element_into(out, element, value);
            }
        }
        element_into(out, "BlobType", "BlockBlob");
        out.push_str("</Properties>");
        if self.with_metadata {
            out.push_str("<Metadata>");
            for (name, value) in &properties.metadata {
                element_into(out, name, value);
            }
            out.push_str("</Metadata>");
        }
        out.push_str("</Blob>");
    }
}

fn read_marker(marker: &str) -> Option<String> {
    if marker.len() > 2 * MAX_BLOB_NAME_BYTES {
        return None;
    }
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(marker).ok()?).ok()?;
    BlobName::parse(&name).map(|name| name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::store::Properties;
    use crate::http::fake::{request, time};
    use crate::http::message::Method;

    fn query(text: &str) -> Result<ListQuery, BlobError> {
        ListQuery::of(&request(
            Method::Get,
            &format!("/blobs/abc?restype=container&comp=list{text}"),
        ))
    }

    #[test]
    fn a_query_is_bounded() {
        assert_eq!(query("").unwrap().limit, 1000);
        assert_eq!(query("&maxresults=7").unwrap().limit, 7);
        assert_eq!(query("&maxresults=5000").unwrap().limit, 1000);
        assert_eq!(query("&prefix=a%2Fb%20+").unwrap().prefix, "a/b +");
        for text in [
            "&maxresults=0",
            "&maxresults=-1",
            "&maxresults=x",
            "&marker=!",
            "&marker=Li4",
        ] {
            assert_eq!(
                query(text),
                Err(BlobError::InvalidQueryParameterValue),
                "{text}"
            );
        }
        assert_eq!(
            query("&delimiter=%2F"),
            Err(BlobError::UnsupportedQueryParameter)
        );
    }

    #[test]
    fn the_answer_is_whole_and_escaped() {
        let container = ContainerName::parse("abc").unwrap();
        let entry = Entry {
            key: "blob/abc/d/<a> & \"b\"".into(),
            properties: Properties {
                size: 5,
                etag: "e1".into(),
                modified: time("2026-03-01T10:00:00Z").milliseconds(),
                md5: None,
                headers: super::super::store::ContentHeaders {
                    content_type: Some("text/plain".into()),
                    ..Default::default()
                },
                metadata: [("kind".to_owned(), "a<b".to_owned())].into(),
            },
        };
        let page = Page {
            entries: vec![entry],
            more: true,
        };
        let asked = query("&prefix=d%2F&maxresults=1&include=metadata").unwrap();
        let text = asked.document("https://hub.example/blobs/", &container, &page);
        let next = URL_SAFE_NO_PAD.encode("d/<a> & \"b\"");
        assert_eq!(
            text,
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
                 <EnumerationResults ServiceEndpoint=\"https://hub.example/blobs/\" ContainerName=\"abc\">\
                 <Prefix>d/</Prefix><MaxResults>1</MaxResults><Blobs><Blob>\
                 <Name>d/&lt;a&gt; &amp; &quot;b&quot;</Name><Properties>\
                 <Last-Modified>Sun, 01 Mar 2026 10:00:00 GMT</Last-Modified><Etag>e1</Etag>\
                 <Content-Length>5</Content-Length><Content-Type>text/plain</Content-Type>\
                 <BlobType>BlockBlob</BlobType></Properties>\
                 <Metadata><kind>a&lt;b</kind></Metadata></Blob></Blobs>\
                 <NextMarker>{next}</NextMarker></EnumerationResults>"
            )
        );
        let behind = query(&format!("&marker={next}")).unwrap();
        assert_eq!(behind.after.as_deref(), Some("d/<a> & \"b\""));
        let last = Page {
            more: false,
            ..page
        };
        assert!(
            behind
                .document("", &container, &last)
                .contains("<NextMarker></NextMarker>")
        );
    }
}
