//! What the store refuses, in Azure Storage's codes and XML envelope.
//!
//! Texts are fixed and hold nothing of the request: no query, no name, no reason why a
//! signature does not fit. What happened inside goes to the log without them.

use super::xml;
use crate::http::error::Trace;
use crate::http::message::Response;
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $status:literal $text:literal,)*) => {
        /// A code of Azure Storage; its name is the variant's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum BlobError {
            $($(#[$doc])* $name,)*
        }

        impl BlobError {
            /// As in `x-ms-error-code`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Text for people.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// No signature at all.
    NoAuthenticationInformation 401 "The URL carries no signature; ask the hub's operator for a signed URL.",
    /// A signature that does not count: forged, of another hub, of another place, or over.
    AuthenticationFailed 403 "Server failed to authenticate the request. The URL is not signed by this hub for this place, or its time is over.",
    /// A good signature without the permission.
    AuthorizationPermissionMismatch 403 "This request is not authorized to perform this operation using this permission.",
    /// May create, but something is there already.
    UnauthorizedBlobOverwrite 403 "This request is not authorized to perform blob overwrites.",
    /// The container does not exist.
    ContainerNotFound 404 "The specified container does not exist.",
    /// The blob does not exist.
    BlobNotFound 404 "The specified blob does not exist.",
    /// The path leads to no container.
    ResourceNotFound 404 "The specified resource does not exist; paths are /blobs/{container} and /blobs/{container}/{blob}.",
    /// The container is there already.
    ContainerAlreadyExists 409 "The specified container already exists.",
    /// The blob is there, and the request wanted it not to be.
    BlobAlreadyExists 409 "The specified blob already exists.",
    /// A condition of the request does not hold.
    ConditionNotMet 412 "The condition specified using HTTP conditional header(s) is not met.",
    /// The reader has the newest version.
    NotModified 304 "The blob has not changed.",
    /// The range begins behind the end.
    InvalidRange 416 "The range specified is invalid for the current size of the resource.",
    /// The name breaks a rule.
    InvalidResourceName 400 "The container's or the blob's name is not legal.",
    /// No such verb here.
    UnsupportedHttpVerb 405 "The resource doesn't support the specified HTTP verb.",
    /// `comp`, `restype` or another parameter that this store does not offer.
    UnsupportedQueryParameter 400 "This store does not offer what a query parameter asks for.",
    /// A parameter without sense.
    InvalidQueryParameterValue 400 "The value of one of the query parameters is not legal.",
    /// A header that this store does not offer.
    UnsupportedHeader 400 "This store does not offer what a header asks for.",
    /// A header without sense.
    InvalidHeaderValue 400 "The value of one of the HTTP headers is not legal; the blob type must be BlockBlob.",
    /// `x-ms-blob-type`
    MissingRequiredHeader 400 "The header x-ms-blob-type is required: BlockBlob.",
    /// The length must be known before.
    MissingContentLengthHeader 411 "Content-Length is required.",
    /// Body, block or whole blob.
    RequestBodyTooLarge 413 "The body or the blob is too large: 256 MiB in one request, 100 MiB a block, 4 GiB a blob.",
    /// Metadata.
    MetadataTooLarge 400 "The metadata has more than 4 KiB, or the content's headers are too long.",
    /// Names of metadata are C# identifiers.
    InvalidMetadata 400 "A metadata name or value is not legal.",
    /// The body is not what its digest says.
    Md5Mismatch 400 "The MD5 value specified in the request did not match the body.",
    /// A digest that is none.
    InvalidMd5 400 "The MD5 value specified in the request is not legal: it must be base64 of 16 bytes.",
    /// Not a block list.
    InvalidXmlDocument 400 "The body is not a legal block list.",
    /// A block id that is none.
    InvalidBlockId 400 "The block id is not legal: it must be base64 of 1 to 64 bytes.",
    /// A block of the list is not there.
    InvalidBlockList 400 "A block of the list was never uploaded, is used already, or has waited for more than a week.",
    /// Too many blocks.
    BlockListTooLong 400 "The block list has more than 960 blocks.",
    /// Too many blocks wait for one blob.
    BlockCountExceedsLimit 409 "Too many blocks wait for this blob.",
    /// The content changed under the request, or the store cannot be reached.
    ServerBusy 503 "The server is currently unable to receive requests. Please retry your request.",
    /// A failure inside.
    InternalError 500 "The server encountered an internal error. Please retry the request.",
}

impl fmt::Display for BlobError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name(), self.text())
    }
}

impl std::error::Error for BlobError {}

impl BlobError {
    /// The answer: the envelope where the verb and the status allow a body.
    pub fn respond(self, trace: &Trace, with_body: bool) -> Response {
        let status = self.status();
        let response = if with_body && status != 304 {
            let mut body = String::from(xml::DECLARATION);
            body.push_str("<Error>");
            xml::element_into(&mut body, "Code", self.name());
            let message = format!(
                "{}\nRequestId:{}\nTime:{}",
                self.text(),
                trace.request_id,
                trace.time
            );
            xml::element_into(&mut body, "Message", &message);
            body.push_str("</Error>");
            Response::bytes(status, "application/xml", body.into_bytes())
        } else {
            Response::empty(status)
        };
        // Azure has one code for both outcomes of a condition.
        let code = match self {
            Self::NotModified => Self::ConditionNotMet.name(),
            _ => self.name(),
        };
        let response = response.with_header("x-ms-error-code", code);
        if status == 503 {
            response.with_header("retry-after", "2")
        } else {
            response
        }
    }
}
