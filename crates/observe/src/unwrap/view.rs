//! A URL as the decoders look at it: raw parts without allocation.

use sekisho_mail::Url;

use super::{Layer, LayerKind, Step};

/// Borrowed parts of an http(s) URL.
pub(super) struct View<'a> {
    /// Whole URL.
    pub(super) text: &'a str,
    /// Host, lower case.
    pub(super) host: &'a str,
    /// Registrable domain, or the host.
    pub(super) root: &'a str,
    /// Path with its leading slash, or empty.
    pub(super) path: &'a str,
    /// Query without `?`.
    pub(super) query: &'a str,
    /// Text after `#`.
    pub(super) fragment: &'a str,
}

impl<'a> View<'a> {
    pub(super) fn new(url: &'a Url) -> Self {
        let host = url.domain.domain.as_str();
        View {
            text: &url.url,
            host,
            root: url.domain.root_domain.as_deref().unwrap_or(host),
            path: url.path.as_deref().unwrap_or(""),
            query: url.query_params.as_deref().unwrap_or(""),
            fragment: url.fragment.as_deref().unwrap_or(""),
        }
    }

    /// Name and raw value of each query parameter; an HTML-escaped `&amp;` counts as `&`.
    pub(super) fn params(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        params_of(self.query)
    }

    /// Raw value of the first parameter of that name (any case).
    pub(super) fn param(&self, name: &str) -> Option<&'a str> {
        self.params().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Path segments, the empty one before the first slash left out.
    pub(super) fn segments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path.strip_prefix('/').unwrap_or(self.path).split('/')
    }

    /// Everything after the host's first slash: path, query and fragment as written.
    pub(super) fn rest(&self) -> &'a str {
        let after = self.text.find("://").map_or(0, |at| at + 3);
        let tail = self.text.get(after..).unwrap_or("");
        tail.find('/').and_then(|at| tail.get(at..)).unwrap_or("")
    }

    /// A step through this host.
    pub(super) fn step(&self, kind: LayerKind, encoder: &'static str, target: Option<String>) -> Step {
        let opaque = target.is_none();
        let host = self.host.to_owned();
        Step { layer: Layer { encoder, kind, host, esp: None, account: None, opaque }, target }
    }

    /// A step through a bulk mailer's tracker; without a target it is opaque.
    pub(super) fn tracker(
        &self,
        encoder: &'static str,
        esp: &'static str,
        account: Option<String>,
        target: Option<String>,
    ) -> Step {
        let mut step = self.step(LayerKind::Tracker, encoder, target);
        step.layer.esp = (!esp.is_empty()).then_some(esp);
        step.layer.account = account.filter(|id| !id.is_empty() && id.len() <= 128);
        step
    }
}

/// Parameters of a raw query.
pub(super) fn params_of(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| {
        let pair = pair.strip_prefix("amp;").unwrap_or(pair);
        pair.split_once('=').unwrap_or((pair, ""))
    })
}
