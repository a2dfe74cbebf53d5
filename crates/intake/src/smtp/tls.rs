//! TLS for both sides: rustls with ring, TLS 1.2 and 1.3.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};

use crate::Error;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::Tls(what.to_string())
}

/// What a server needs for STARTTLS: a chain of certificates and a key, both as PEM.
///
/// # Errors
/// They cannot be read, or do not belong together.
pub fn server(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, Error> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(wrong)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(wrong)?;
    let versions = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config =
        versions.map_err(wrong)?.with_no_client_auth().with_single_cert(chain, key).map_err(wrong)?;
    Ok(Arc::new(config))
}

/// The same from files.
///
/// # Errors
/// They cannot be read, or do not belong together.
pub fn server_files(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())));
    server(&read(chain)?, &read(key)?)
}

/// For a next hop that has to show a certificate of one of these authorities (PEM), valid for its name.
///
/// # Errors
/// They cannot be read, or there is none.
pub fn client_verified(authorities: &[u8]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        roots.add(authority.map_err(wrong)?).map_err(wrong)?;
    }
    if roots.is_empty() {
        return Err(wrong("no certificate authority"));
    }
    let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    Ok(Arc::new(versions.map_err(wrong)?.with_root_certificates(roots).with_no_client_auth()))
}

/// The same with the authorities that this system trusts.
///
/// # Errors
/// There are none, or they cannot be read.
pub fn client_system() -> Result<Arc<ClientConfig>, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(": {error}"));
        return Err(wrong(format!("this system trusts no certificate authority{why}")));
    }
    let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    Ok(Arc::new(versions.map_err(wrong)?.with_root_certificates(roots).with_no_client_auth()))
}

/// For a next hop that may show any certificate: opportunistic TLS (RFC 7435) keeps who only listens from reading, and
/// mail servers show certificates that nobody signed.
///
/// # Errors
/// None that is known; rustls may refuse its own defaults.
pub fn client_unverified() -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let versions =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let config =
        versions.map_err(wrong)?.dangerous().with_custom_certificate_verifier(Arc::new(Any(provider)));
    Ok(Arc::new(config.with_no_client_auth()))
}

/// Takes any certificate, but only from who has its key.
#[derive(Debug)]
struct Any(Arc<CryptoProvider>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
