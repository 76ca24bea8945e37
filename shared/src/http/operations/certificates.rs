//! CA certificates (`service.md` §16): upload, proof of possession, list, delete. Azure's
//! shapes and steps under our own paths.

use super::{Failure, document_answer, session, unexpected};
use crate::auth::signature::secrets_match;
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ipc::hub::{CertificateChange, ChangeCertificate, HubReply, HubRequest};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::x509::{Certificate, certificate::decode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Random bytes of a verification code; as hex it must fit into a common name of 64.
const CODE_BYTES: usize = 24;

/// `GET /api/v1/certificates`
pub async fn list<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let all = ask(backend, HubRequest::ListCertificates).await?;
    Ok(Response::json(200, &json!({ "value": all })))
}

/// `GET /api/v1/bootstrap/certificates`: the list for the TLS terminator, which knows the
/// bootstrap secret and verifies chains.
pub async fn list_for_terminator<B: Backend>(
    backend: &B,
    request: &Request,
) -> Result<Response, Failure> {
    session::check_bootstrap_secret(backend, request)?;
    list(backend).await
}

/// `GET /api/v1/certificates/{name}`
pub async fn get<B: Backend>(backend: &B, name: &str) -> Result<Response, Failure> {
    Ok(document_answer(200, &find(backend, name).await?))
}

/// `PUT /api/v1/certificates/{name}` with `{"properties":{"certificate":"…"}}`: 201 for a new
/// one, 200 with If-Match for a known one, which is unverified then
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    name: String,
) -> Result<Response, Failure> {
    let content = STANDARD.encode(read_certificate(&request.body)?);
    let precondition = if_match(request);
    let status = if precondition == Precondition::None {
        201
    } else {
        200
    };
    let change = CertificateChange::Put(content);
    change_one(backend, name, precondition, change, status).await
}

/// `DELETE /api/v1/certificates/{name}` with If-Match
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    name: String,
) -> Result<Response, Failure> {
    change_one(
        backend,
        name,
        if_match(request),
        CertificateChange::Delete,
        204,
    )
    .await
}

/// `POST /api/v1/certificates/{name}/generateVerificationCode` with If-Match
pub async fn challenge<B: Backend>(
    backend: &B,
    request: &Request,
    name: String,
) -> Result<Response, Failure> {
    let mut code = [0; CODE_BYTES];
    backend.random(&mut code);
    let code = code.iter().map(|byte| format!("{byte:02X}")).collect();
    let change = CertificateChange::Challenge(code);
    change_one(backend, name, if_match(request), change, 200).await
}

/// `POST /api/v1/certificates/{name}/verify` with If-Match and a certificate that the CA has
/// issued for the verification code
pub async fn verify<B: Backend>(
    backend: &B,
    request: &Request,
    name: String,
) -> Result<Response, Failure> {
    let proof = read_certificate(&request.body)?;
    let known = find(backend, &name).await?;
    let text = |member: &str| known.pointer(member).and_then(Value::as_str);
    // What is checked here is exactly this state of it; the hub object compares the etag.
    let etag = text("/etag").unwrap_or_default().to_owned();
    let precondition = match if_match(request) {
        Precondition::Any => Precondition::Etag(etag),
        given => given,
    };
    let Some(code) = text("/properties/verificationCode") else {
        return Err(HubError::invalid(
            "Ask for a verification code first: POST …/generateVerificationCode.",
        )
        .into());
    };
    let authority = STANDARD
        .decode(text("/properties/certificate").unwrap_or_default())
        .unwrap_or_default();
    check_proof(backend, &proof, &authority, code).await?;
    change_one(
        backend,
        name,
        precondition,
        CertificateChange::Verified,
        200,
    )
    .await
}

async fn check_proof<B: Backend>(
    backend: &B,
    proof: &[u8],
    authority: &[u8],
    code: &str,
) -> Result<(), HubError> {
    let refused = |why: &str| {
        Err(HubError::invalid(format!(
            "The proof does not count: {why}."
        )))
    };
    let (Some(proof), Some(authority)) = (Certificate::parse(proof), Certificate::parse(authority))
    else {
        return refused("it is not an X.509 certificate");
    };
    let common_name = proof.common_name().unwrap_or_default();
    if !secrets_match(common_name.as_bytes(), code.as_bytes()) {
        return refused("its common name must be the verification code");
    }
    if !proof.is_valid_at(backend.now()) {
        return refused("it is expired or not yet valid");
    }
    match proof.signed_by(&authority) {
        None => refused(
            "its issuer is another certificate, or its signature is none of RSA (PKCS #1 v1.5), \
             ECDSA on P-256, P-384 or P-521, each with SHA-2, and Ed25519",
        ),
        Some(check) if !backend.verify_signature(&check).await => {
            refused("it was not signed with the key of this CA certificate")
        }
        Some(_) => Ok(()),
    }
}

async fn find<B: Backend>(backend: &B, name: &str) -> Result<Value, Failure> {
    let all = ask(backend, HubRequest::ListCertificates).await?;
    let named = |document: &Value| {
        let known = document.get("name").and_then(Value::as_str);
        known.is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    all.into_iter().find(named).ok_or_else(|| {
        HubError::new(
            ErrorCode::CertificateNotFound,
            format!("There is no certificate {name}."),
        )
        .into()
    })
}

async fn change_one<B: Backend>(
    backend: &B,
    name: String,
    precondition: Precondition,
    change: CertificateChange,
    status: u16,
) -> Result<Response, Failure> {
    let change = ChangeCertificate {
        name,
        precondition,
        change,
    };
    let changed = ask(backend, HubRequest::ChangeCertificate(change)).await?;
    Ok(match changed.first() {
        Some(document) => document_answer(status, document),
        None => Response::empty(status),
    })
}

async fn ask<B: Backend>(backend: &B, request: HubRequest) -> Result<Vec<Value>, Failure> {
    match backend.hub(request).await? {
        HubReply::Certificates(certificates) => Ok(certificates),
        _ => Err(unexpected("the hub")),
    }
}

/// DER of `{"properties":{"certificate":"…"}}` or `{"certificate":"…"}`.
fn read_certificate(body: &[u8]) -> Result<Vec<u8>, HubError> {
    let body = json::parse_object(body)?;
    let object = match json::member(&body, "properties") {
        Some(Value::Object(properties)) => properties,
        _ => &body,
    };
    let text = json::text_member(object, "certificate")?;
    text.and_then(decode).ok_or_else(|| {
        HubError::invalid("certificate is required: PEM, or base64 of the DER form.")
    })
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
