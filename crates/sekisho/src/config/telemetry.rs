//! What the configuration says about traces.

use serde::Deserialize;

/// Where traces go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// A collector of OpenTelemetry traces (OTLP over HTTP): `http://127.0.0.1:4318`. None, the default: off.
    pub(crate) otlp: Option<String>,
}
