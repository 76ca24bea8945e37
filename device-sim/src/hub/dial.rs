//! Opens TCP and TLS streams to the hub: one place for devices, REST calls and the load generator.
//!
//! TLS verifies the server against the `--ca-file`, or against the system's roots; there is no
//! way to switch verification off.

use crate::cli::HubOptions;
use crate::error::SimError;
use crate::hub::access::HubAccess;
use crate::hub::endpoint::Endpoint;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long TCP and TLS together may take.
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// A plain or encrypted byte stream.
pub enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP; boxed since its state is large and most runs are plain.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Opens streams to one endpoint.
#[derive(Clone)]
pub struct Dialer {
    endpoint: Arc<Endpoint>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Dialer {
    /// A dialer for an endpoint; reads the certificates once.
    pub fn new(endpoint: Endpoint, ca_file: Option<&Path>) -> Result<Self, SimError> {
        let tls = if endpoint.tls {
            let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| {
                SimError::Usage(format!(
                    "{:?} is no host name that TLS can verify",
                    endpoint.host
                ))
            })?;
            let config = ClientConfig::builder()
                .with_root_certificates(roots(ca_file)?)
                .with_no_client_auth();
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        Ok(Self {
            endpoint: Arc::new(endpoint),
            tls,
        })
    }

    /// From the options: `--url`, or else the hub's own name over TLS.
    pub fn from_options(options: &HubOptions, access: &HubAccess) -> Result<Self, SimError> {
        let endpoint = match &options.url {
            Some(url) => Endpoint::parse(url)?,
            None => Endpoint::parse(&format!("https://{}", access.host_name()))?,
        };
        Self::new(endpoint, options.ca_file.as_deref())
    }

    /// Where this dialer leads.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a stream.
    pub async fn dial(&self) -> Result<Stream, SimError> {
        let authority = || self.endpoint.authority();
        let opening = async {
            let connecting = async {
                let tcp =
                    TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await?;
                tcp.set_nodelay(true)?;
                Ok::<TcpStream, io::Error>(tcp)
            };
            let tcp = connecting.await.map_err(|error| {
                SimError::Network(format!(
                    "cannot reach {}: {error}. Is the hub running there?",
                    authority()
                ))
            })?;
            let Some((connector, name)) = &self.tls else {
                return Ok(Stream::Plain(tcp));
            };
            let encrypted = connector.connect(name.clone(), tcp).await.map_err(|error| {
                SimError::Network(format!(
                    "no TLS with {}: {error}. Name the CA that signed its certificate with --ca-file",
                    authority()
                ))
            })?;
            Ok(Stream::Tls(Box::new(encrypted)))
        };
        match tokio::time::timeout(DIAL_TIMEOUT, opening).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SimError::Network(format!(
                "{} did not accept a connection within {} s",
                self.endpoint.authority(),
                DIAL_TIMEOUT.as_secs()
            ))),
        }
    }
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, SimError> {
    let mut store = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let wrong = |why: &dyn std::fmt::Display| {
                SimError::Usage(format!(
                    "--ca-file {}: {why}; it must hold PEM certificates",
                    path.display()
                ))
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
                let certificate = certificate.map_err(|error| wrong(&error))?;
                store.add(certificate).map_err(|error| wrong(&error))?;
            }
            if store.is_empty() {
                return Err(wrong(&"no certificate found"));
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(SimError::Usage(
                    "the system has no root certificates; name the hub's CA with --ca-file"
                        .to_owned(),
                ));
            }
        }
    }
    Ok(store)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
