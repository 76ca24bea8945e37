//! CA certificates of the hub (`service.md` §16): which authorities may vouch for devices.
//!
//! A certificate becomes an authority when somebody has proven that they hold its key. The
//! signature of that proof is verified before this object hears of it, since a platform
//! computes signatures only asynchronously; the etag says of which state that was.

use super::{Hub, alert_conditions, alerts, check_name};
use crate::alert::{Rule, rule};
use crate::auth::signature::sha256_hex;
use crate::error::{ErrorCode, HubError};
use crate::ipc::alert::RaiseAlert;
use crate::ipc::hub::{Authority, CertificateChange, ChangeCertificate, HubReply, HubResult};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::x509::Certificate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// `code` is the verification code, `content` DER in base64.
pub(super) const SCHEMA: &[&str] = &["CREATE TABLE certificate (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    etag INTEGER NOT NULL,
    content TEXT NOT NULL,
    code TEXT,
    verified INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) WITHOUT ROWID"];

const COLUMNS: &str = "name, etag, content, code, verified, created, updated";
/// So long before the end of a certificate somebody hears of it.
const NOTICE_SECONDS: i64 = 30 * 24 * 3600;
/// CA certificates of a hub.
const MAX_CERTIFICATES: usize = 25;

/// All of them, in order of name.
pub(super) fn list(sql: &dyn Sql) -> Result<Vec<Value>, HubError> {
    let statement = format!("SELECT {COLUMNS} FROM certificate ORDER BY name");
    sql.query(&statement, &[])?.iter().map(document).collect()
}

fn find(sql: &dyn Sql, name: &str) -> Result<Option<Row>, HubError> {
    let statement = format!("SELECT {COLUMNS} FROM certificate WHERE name = ?");
    Ok(sql.query(&statement, &[name.into()])?.into_iter().next())
}

/// For the record: without content and code.
pub(super) fn summary(sql: &dyn Sql, name: &str) -> Result<Value, HubError> {
    let Some(row) = find(sql, name)? else {
        return Ok(Value::Null);
    };
    let mut document = document(&row)?;
    if let Some(properties) = document
        .get_mut("properties")
        .and_then(Value::as_object_mut)
    {
        properties.remove("certificate");
        properties.remove("verificationCode");
    }
    Ok(document)
}

fn content(row: &Row) -> Result<Vec<u8>, HubError> {
    STANDARD
        .decode(row.required_text(2)?)
        .map_err(|error| HubError::internal(format!("a stored certificate: {error}")))
}

fn etag(row: &Row) -> String {
    STANDARD.encode(row.integer(1).unwrap_or(0).to_string())
}

/// As Azure shows it, under our own API.
fn document(row: &Row) -> Result<Value, HubError> {
    let der = content(row)?;
    let read = Certificate::parse(&der);
    let time = |column: usize| row.integer(column).map(Timestamp::from_milliseconds);
    Ok(json!({
        "name": row.text(0),
        "etag": etag(row),
        "properties": {
            "subject": read.as_ref().and_then(Certificate::common_name),
            "expiry": read.map(|read| read.not_after),
            "thumbprint": sha256_hex(&der).to_ascii_uppercase(),
            "isVerified": row.integer(4) == Some(1),
            "created": time(5),
            "updated": time(6),
            "certificate": row.text(2),
            "verificationCode": row.text(3),
        },
    }))
}

/// The authorities among the stored certificates.
fn authorities(sql: &dyn Sql) -> Result<Vec<Authority>, HubError> {
    let statement = format!("SELECT {COLUMNS} FROM certificate WHERE verified = 1 ORDER BY name");
    let mut found = Vec::new();
    for row in sql.query(&statement, &[])? {
        let der = content(&row)?;
        let Some(read) = Certificate::parse(&der) else {
            continue;
        };
        let mut marks = vec![format!("sha256:{}", sha256_hex(&der).to_ascii_uppercase())];
        marks.extend(read.issuer_mark());
        found.push(Authority {
            marks,
            not_after: read.not_after,
        });
    }
    Ok(found)
}

/// What people hear of a certificate that ends soon.
fn alert_of(name: &str) -> RaiseAlert {
    RaiseAlert::new(Rule::CREDENTIAL_EXPIRING, String::new()).of("certificate", name)
}

/// Has people hear in time of certificates that end: of one that has changed or is gone, or of
/// all of which nothing is known.
pub(super) fn foresee_ends(
    now: Timestamp,
    changed: Option<&str>,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    if let Some(name) = changed {
        alert_conditions::forget(now, &alert_of(name), sql)?;
    }
    let rules = alerts::stored_rules(sql)?;
    let rule = rule::find(&rules, Rule::CREDENTIAL_EXPIRING.name());
    let Some(rule) = rule.filter(|rule| rule.enabled) else {
        return Ok(());
    };
    let statement = format!("SELECT {COLUMNS} FROM certificate ORDER BY name");
    for row in sql.query(&statement, &[])? {
        let name = row.required_text(0)?;
        let mut alert = alert_of(name);
        let der = content(&row)?;
        let Some(read) = Certificate::parse(&der)
            .filter(|_| changed.is_none_or(|one| one.eq_ignore_ascii_case(name)))
        else {
            continue;
        };
        if alert_conditions::is_known(&alert, sql)? {
            continue;
        }
        alert.summary = format!("The CA certificate {name} ends on {}.", read.not_after);
        let hint = "Afterwards no device that it vouches for is let in. Upload and verify its \
                    successor before, and have devices get certificates from that one.";
        let from = read.not_after.plus_seconds(-NOTICE_SECONDS);
        alert_conditions::foresee(now, alert.hint(hint), from, &rule, sql)?;
    }
    Ok(())
}

/// What may be an authority: a CA certificate that has not expired.
fn check_content(content: &str, now: Timestamp) -> Result<(), HubError> {
    let der = STANDARD.decode(content).unwrap_or_default();
    let Some(read) = Certificate::parse(&der) else {
        return Err(HubError::invalid(
            "certificate is not an X.509 certificate as PEM or as base64 of its DER form.",
        ));
    };
    if !read.is_authority {
        return Err(HubError::invalid(
            "This is no CA certificate: it needs basicConstraints CA:TRUE and, if it has a key \
             usage, keyCertSign.",
        ));
    }
    if !read.is_valid_at(now) {
        return Err(HubError::invalid(
            "The certificate is expired or not yet valid.",
        ));
    }
    Ok(())
}

impl Hub {
    pub(super) fn change_certificate(
        &mut self,
        now: Timestamp,
        change: &ChangeCertificate,
        sql: &dyn Sql,
    ) -> HubResult {
        self.required()?;
        let name = change.name.as_str();
        let known = find(sql, name)?;
        match (&known, &change.precondition) {
            (None, Precondition::None) if matches!(change.change, CertificateChange::Put(_)) => {}
            (None, _) => {
                return Err(HubError::new(
                    ErrorCode::CertificateNotFound,
                    format!("There is no certificate {name}."),
                ));
            }
            (Some(_), Precondition::None) => {
                return Err(HubError::new(
                    ErrorCode::PreconditionFailed,
                    "The certificate exists; send its etag in If-Match.",
                ));
            }
            (Some(row), Precondition::Etag(wanted)) if *wanted != etag(row) => {
                return Err(HubError::new(
                    ErrorCode::PreconditionFailed,
                    "PreconditionFailed, ETag may be invalid.",
                ));
            }
            (Some(_), _) => {}
        }
        let at = now.milliseconds();
        match &change.change {
            CertificateChange::Put(content) => {
                check_name("A certificate's name", name, 64)?;
                check_content(content, now)?;
                if known.is_none() && list(sql)?.len() >= MAX_CERTIFICATES {
                    return Err(HubError::new(
                        ErrorCode::IotHubQuotaExceeded,
                        format!(
                            "A hub has at most {MAX_CERTIFICATES} CA certificates; delete one first."
                        ),
                    ));
                }
                // Etags begin somewhere in the clock: a name that is used again repeats none.
                sql.execute(
                    "INSERT INTO certificate (name, etag, content, verified, created, updated) \
                     VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT DO UPDATE SET etag = etag + 1, \
                     content = excluded.content, code = NULL, verified = 0, \
                     updated = excluded.updated",
                    &[
                        name.into(),
                        at.into(),
                        content.as_str().into(),
                        at.into(),
                        at.into(),
                    ],
                )?;
            }
            CertificateChange::Challenge(code) => sql.execute(
                "UPDATE certificate SET etag = etag + 1, code = ?, verified = 0, updated = ? \
                 WHERE name = ?",
                &[code.as_str().into(), at.into(), name.into()],
            )?,
            CertificateChange::Verified => sql.execute(
                "UPDATE certificate SET etag = etag + 1, code = NULL, verified = 1, updated = ? \
                 WHERE name = ?",
                &[at.into(), name.into()],
            )?,
            CertificateChange::Delete => {
                sql.execute("DELETE FROM certificate WHERE name = ?", &[name.into()])?;
            }
        }
        let ends_otherwise = match change.change {
            CertificateChange::Put(_) | CertificateChange::Delete => true,
            CertificateChange::Challenge(_) | CertificateChange::Verified => false,
        };
        if ends_otherwise {
            let stored = known.as_ref().and_then(|row| row.text(0)).unwrap_or(name);
            foresee_ends(now, Some(stored), sql)?;
        }
        let authorities = authorities(sql)?;
        if authorities != self.required()?.authorities {
            self.change(sql, |settings| settings.authorities = authorities)?;
        }
        let changed = find(sql, name)?;
        let changed = changed.iter().map(document).collect::<Result<_, _>>()?;
        Ok(HubReply::Certificates(changed))
    }
}
