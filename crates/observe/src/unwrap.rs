//! Links that lead through a click tracker, a link protector or an open redirect, taken apart without any network.
//!
//! Pure and bounded: at most [`LAYERS_MAX`](crate::limits::LAYERS_MAX) layers, every inflated or decoded text has a limit, and a URL that cannot
//! be undone stays what it is. [`unwrap`] goes all the way; `link::apply_rewrites` stops where
//! the public message model expects to see the redirector itself ([`Unwrapped::model_target`]).

mod decode;
mod generic;
mod google;
mod protect;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod token;
mod view;

use sekisho_mail::{Rewrite, Url};
use serde::Serialize;

use crate::limits::{LAYERS_MAX, URL_BYTES_MAX};
use view::View;

/// What a wrapper is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerKind {
    /// A mailer counts clicks; the sender put it there.
    Tracker,
    /// A mail gateway checks clicks; a receiver put it there.
    Protector,
    /// A site that forwards to whatever its URL says; anybody can use it.
    OpenRedirect,
}

/// One wrapper around a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Name of the re-writer (mql.md appendix A where it has one).
    pub encoder: &'static str,
    /// What it is for.
    pub kind: LayerKind,
    /// Host that carries it.
    pub host: String,
    /// Bulk mailer that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub esp: Option<&'static str>,
    /// Account at that mailer, when the URL carries one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The target is not inside the URL.
    pub opaque: bool,
}

/// A link with its wrappers taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unwrapped {
    /// Where it leads; `rewrite` is set when something was undone. The innermost wrapper when that one is opaque.
    pub target: Url,
    /// The wrappers, outermost first, an opaque one last.
    pub layers: Vec<Layer>,
    /// The innermost wrapper does not tell its target.
    pub opaque: bool,
    /// Target for the public message model, when that stops at an outer layer (see the module's text).
    #[serde(skip)]
    model: Option<Url>,
}

impl Unwrapped {
    /// Something was undone, or recognised as a wrapper.
    #[must_use]
    pub fn wrapped(&self) -> bool {
        !self.layers.is_empty()
    }

    /// A third party's open redirect is among the layers.
    #[must_use]
    pub fn open_redirect(&self) -> bool {
        self.layers.iter().any(|layer| layer.kind == LayerKind::OpenRedirect)
    }

    /// A gateway's link protector is among the layers.
    #[must_use]
    pub fn protector(&self) -> bool {
        self.layers.iter().any(|layer| layer.kind == LayerKind::Protector)
    }

    /// The outermost click tracker.
    #[must_use]
    pub fn tracker(&self) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.kind == LayerKind::Tracker)
    }

    /// The URL that `href_url` of the public model should hold.
    #[must_use]
    pub fn model_target(&self) -> &Url {
        self.model.as_ref().unwrap_or(&self.target)
    }
}

/// One layer and what it holds; `None` when it is opaque.
struct Step {
    layer: Layer,
    target: Option<String>,
}

/// Takes every wrapper off that can be taken off offline.
#[must_use]
pub fn unwrap(url: &Url) -> Unwrapped {
    peel(url).unwrap_or_else(|| Unwrapped {
        target: url.clone(),
        layers: Vec::new(),
        opaque: false,
        model: None,
    })
}

/// As [`unwrap`]; `None` when the link is not wrapped, which most are.
#[must_use]
pub fn peel(url: &Url) -> Option<Unwrapped> {
    let mut current: Option<Url> = None;
    let mut layers = Vec::new();
    let mut encoders = Vec::new();
    let mut model: Option<Url> = None;
    let mut opaque = false;
    while layers.len() < LAYERS_MAX {
        let here = current.as_ref().unwrap_or(url);
        let Some(step) = step(here) else { break };
        let Some(text) = step.target else {
            opaque = true;
            layers.push(step.layer);
            break;
        };
        let Some(inner) = accept(here, &text) else { break };
        if model.is_none() && stays_in_model(&step.layer) {
            model = Some(finish(here.clone(), &encoders, url));
        }
        encoders.push(step.layer.encoder.to_owned());
        layers.push(step.layer);
        current = Some(inner);
    }
    if layers.is_empty() {
        return None;
    }
    let target = finish(current.unwrap_or_else(|| url.clone()), &encoders, url);
    Some(Unwrapped { target, layers, opaque, model })
}

/// Sets `rewrite` when something was undone.
fn finish(mut target: Url, encoders: &[String], original: &Url) -> Url {
    if !encoders.is_empty() {
        target.rewrite = Some(Rewrite { encoders: encoders.to_vec(), original: Some(original.url.clone()) });
    }
    target
}

/// The target as a URL, when it is one that a browser would go to and is not the wrapper itself.
fn accept(wrapper: &Url, text: &str) -> Option<Url> {
    if text.len() > URL_BYTES_MAX {
        return None;
    }
    let target = Url::parse(text);
    let somewhere = match target.scheme.as_deref() {
        Some("http" | "https") => target.has_host(),
        Some("mailto" | "tel") => true,
        _ => false,
    };
    (somewhere && target.url != wrapper.url).then_some(target)
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme.as_deref(), Some("http" | "https"))
}

/// Undoes one layer: the host's own wrapper first, then shapes that any host may carry, then open redirects.
fn step(url: &Url) -> Option<Step> {
    if !is_web(url) || url.url.len() > URL_BYTES_MAX {
        return None;
    }
    let view = View::new(url);
    if view.path.len() <= 1 && view.query.is_empty() && view.fragment.is_empty() {
        return google::translate_host(&view);
    }
    table::step(&view).or_else(|| shape::step(&view)).or_else(|| generic::step(&view))
}

/// Open redirects that rules of the public feed look for on the redirector's own host: the model keeps them.
fn stays_in_model(layer: &Layer) -> bool {
    const GONE_THROUGH: &[&str] = &[
        "google_open_redirect",
        "google_translate_open_redirect",
        "google_tag_manager",
        "google_adservices",
        "google_amp",
        "google_amp_project",
        "google_meet_redirect",
        "google_travel_redirect",
        "google_user_content",
        "bing_open_redirect",
        "deref_mail",
        "href_li",
        "indeed_open_redirect",
        "facebook",
        "instagram",
        "appspot",
        "yahoo",
    ];
    layer.kind == LayerKind::OpenRedirect && !GONE_THROUGH.contains(&layer.encoder)
}
