//! Certificates of a simulated engine: an own CA and a server certificate for one name, as `engine-setup` makes them.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate cannot be made; mostly a name that is none.
    #[error("the certificate for the engine cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// rustls refuses what was made.
    #[error("the TLS server cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// A server configuration and the CA that clients must trust.
pub(crate) struct Identity {
    pub(crate) ca_pem: String,
    pub(crate) config: Arc<ServerConfig>,
}

/// Makes a fresh CA and, signed by it, a certificate whose common name and only alternative name is `fqdn`.
pub(crate) fn identity(fqdn: &str) -> Result<Identity, TlsError> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::OrganizationName, "engine-sim");
    ca.distinguished_name.push(DnType::CommonName, format!("{fqdn}.ca"));
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let mut server = CertificateParams::new(vec![fqdn.to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, fqdn);
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &issuer)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![server_certificate.der().clone(), ca_certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { ca_pem: ca_certificate.pem(), config: Arc::new(config) })
}
