//! The page around a script: elements, files that it puts together, system objects of scripts outside of pages.

use super::{
    Machine, Payload, What,
    tree::Name,
    value::{Text, Value},
};
use crate::script::decode;

/// Bytes from which on something decoded is a file.
const PAYLOAD_BYTES_MIN: usize = 32;
/// Files kept of one script.
const PAYLOADS_MAX: usize = 16;

/// The path of a member: the window is left out, for it is everywhere.
pub(crate) fn join(path: &str, name: &str) -> String {
    match path {
        "window" | "self" | "top" | "parent" | "globalThis" | "frames" | "this" => name.to_owned(),
        "document" if name == "location" => name.to_owned(),
        "document" if name == "defaultView" => "window".to_owned(),
        _ => format!("{path}.{name}"),
    }
}

impl Machine<'_> {
    /// A call on the page: finding and making elements, waiting for events.
    pub(crate) fn page_call(&mut self, path: &str, last: &str, args: Vec<Value>) -> Value {
        let first = args.first().cloned().unwrap_or(Value::Undef);
        let text = match &first {
            Value::Str(text) if text.units.len() < 4_096 => text.string(),
            _ => String::new(),
        };
        match last {
            "createElement" | "createElementNS" => {
                let tag = args.last().cloned().and_then(|a| self.text(&a)).map(|t| t.string());
                let id = self.object(&tag.unwrap_or_default().to_ascii_lowercase());
                return Value::Obj(id);
            }
            "getElementById" => return self.element(&text),
            "querySelector" if text.starts_with('#') => return self.element(text.trim_start_matches('#')),
            "$" | "jQuery" if text.starts_with('#') => return self.element(text.trim_start_matches('#')),
            "createObjectURL" => {
                self.event(What::ObjectUrl, "", false);
                let id = self.object("objecturl");
                if let (Value::Obj(blob), Some(object)) = (&first, self.objects.get_mut(id)) {
                    object.props.insert("#blob".into(), Value::Obj(*blob));
                }
                if let Some(object) = self.objects.get_mut(id) {
                    object.props.insert("#url".into(), Value::text("blob:"));
                }
                return Value::Obj(id);
            }
            "msSaveOrOpenBlob" | "msSaveBlob" | "saveAs" => {
                if let Some(Value::Str(name)) = args.get(1) {
                    self.file_name(&name.clone());
                }
                self.event(What::Save, &text, false);
            }
            "addEventListener" | "attachEvent" | "on" => self.listen(&text, &args),
            "ready" | "$" | "jQuery" | "forEach" | "then" => self.defer_now(&args),
            "appendChild" | "append" | "insertBefore" => {}
            "createTextNode" => return first,
            "click" | "submit" => self.event(What::Click, path, false),
            "#resolve" => {}
            _ => self.defer(&args),
        }
        if path.len() > 160 { Value::Unknown } else { Value::Host(format!("{path}()").into()) }
    }

    fn listen(&mut self, event: &str, args: &[Value]) {
        let auto = ["load", "DOMContentLoaded", "onload", "pageshow", "readystatechange"];
        if auto.contains(&event) { self.defer_now(args) } else { self.defer(args) }
    }

    /// An element of the page by its id.
    fn element(&mut self, id: &str) -> Value {
        if let Some(known) = self.ids.get(id) {
            return known.clone();
        }
        let Some(element) = self.page.get(id) else { return Value::Unknown };
        let object = self.object(&element.tag);
        self.cells(element.text.len());
        if let Some(made) = self.objects.get_mut(object) {
            for (name, value) in &element.attributes {
                made.props.insert(name.as_str().into(), Value::text(value));
            }
            for name in ["innerText", "textContent", "innerHTML", "text"] {
                made.props.insert(name.into(), Value::text(&element.text));
            }
        }
        self.ids.insert(id.to_owned(), Value::Obj(object));
        Value::Obj(object)
    }

    pub(crate) fn object_method(&mut self, id: usize, name: &str, args: Vec<Value>) -> Value {
        let class = self.objects.get(id).map(|o| o.class.clone()).unwrap_or_default();
        let first = args.first().cloned().unwrap_or(Value::Undef);
        match name {
            "click" | "dispatchEvent" | "submit" => self.press(id, &class),
            "setAttribute" => {
                if let (Some(name), Some(value)) = (self.text(&first), args.get(1)) {
                    self.set_member(&Value::Obj(id), &Name::from(name.string()), value.clone(), false);
                }
            }
            "getAttribute" | "attr" | "val" => {
                let key = self.text(&first).map(|t| t.string()).unwrap_or_default();
                let key = if name == "val" { "value" } else { key.as_str() };
                return self.prop(id, key).cloned().unwrap_or(Value::Unknown);
            }
            "text" | "html" if args.is_empty() && class != "response" => {
                return self.prop(id, "innerText").cloned().unwrap_or(Value::Unknown);
            }
            "open" if class == "xmlhttprequest" => {
                if let Some(Value::Str(url)) = args.get(1) {
                    self.event(What::Request, &url.string(), url.decoded);
                }
            }
            "then" | "finally" | "catch" | "done" | "fail" | "always" => {
                for arg in &args {
                    if name == "then" || name == "done" || self.user {
                        self.call(&arg.clone(), Value::Undef, vec![Value::Obj(id)]);
                    }
                }
                return Value::Obj(id);
            }
            "decode" if class == "textdecoder" => return self.decode_bytes(&first),
            "addEventListener" | "attachEvent" | "on" => {
                let event = self.text(&first).map(|t| t.string()).unwrap_or_default();
                self.listen(&event, &args);
            }
            "hasOwnProperty" => {
                let key = self.text(&first).map(|t| t.string()).unwrap_or_default();
                return Value::Bool(self.prop(id, &key).is_some());
            }
            "appendChild" | "append" | "remove" | "removeChild" | "toString" => return first,
            "blob" | "arrayBuffer" | "json" | "text" | "clone" => return Value::Obj(id),
            _ => self.defer(&args),
        }
        Value::Unknown
    }

    /// A link is pressed.
    fn press(&mut self, id: usize, class: &str) {
        let href = self.prop(id, "href").cloned();
        let text = href.and_then(|h| self.text(&h)).map(|t| t.string()).unwrap_or_default();
        let saves =
            self.prop(id, "download").is_some() || text.starts_with("blob:") || text.starts_with("data:");
        if let Some(Value::Str(name)) = self.prop(id, "download").cloned() {
            self.file_name(&name);
        }
        let what = if saves && class != "script" { What::Save } else { What::Click };
        self.event(what, &text.chars().take(80).collect::<String>(), false);
    }

    fn decode_bytes(&mut self, from: &Value) -> Value {
        let Some(bytes) = self.bytes_of(from) else { return Value::Unknown };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.note(&text);
        self.string(text.encode_utf16().collect(), true)
    }

    /// `new Blob([…])`, `new File([…], name)`.
    pub(crate) fn blob(&mut self, class: &str, args: &[Value]) -> Value {
        self.event(What::Blob, "", false);
        if let ("File", Some(Value::Str(name))) = (class, args.get(1)) {
            self.file_name(&name.clone());
        }
        let parts = match args.first() {
            Some(Value::Array(id)) => self.items(*id).to_vec(),
            Some(other) => vec![other.clone()],
            None => Vec::new(),
        };
        let mut all = Vec::new();
        for part in parts {
            match part {
                // Text that came out of a decoder is a page, bytes are a file.
                Value::Str(text) => match text.bytes() {
                    Some(bytes) => all.extend(bytes),
                    None => all.extend(text.string().bytes()),
                },
                Value::Obj(inner) => {
                    if let Some(Value::Str(text)) = self.prop(inner, "#data") {
                        all.extend(text.bytes().unwrap_or_default());
                    }
                }
                other => all.extend(self.bytes_of(&other).unwrap_or_default()),
            }
        }
        self.payload(&all, true);
        let id = self.object("blob");
        let data = self.string(all.into_iter().map(u16::from).collect(), true);
        if let Some(object) = self.objects.get_mut(id) {
            object.props.insert("#data".into(), data);
        }
        Value::Obj(id)
    }

    /// Bytes of an array of numbers, or of text.
    fn bytes_of(&self, value: &Value) -> Option<Vec<u8>> {
        match value {
            Value::Array(id) => {
                let byte = |v: &Value| match v {
                    Value::Num(n) => Some(super::value::int32(*n) as u8),
                    Value::Undef => Some(0),
                    _ => None,
                };
                self.items(*id).iter().map(byte).collect()
            }
            Value::Str(text) => text.bytes(),
            _ => None,
        }
    }

    /// Looks whether an array holds a file.
    pub(crate) fn offer(&mut self, value: &Value) {
        if let Value::Array(id) = value {
            let head: Vec<Value> = self.items(*id).iter().take(8).cloned().collect();
            let magic: Vec<u8> = head
                .iter()
                .map_while(|v| if let Value::Num(n) = v { Some(super::value::int32(*n) as u8) } else { None })
                .collect();
            if magic.len() == 8
                && decode::carries(&magic)
                && let Some(bytes) = self.bytes_of(value)
            {
                self.payload(&bytes, false);
            }
        }
    }

    /// Keeps bytes that are a file, or a page that was put into one.
    pub(crate) fn payload(&mut self, bytes: &[u8], blob: bool) {
        let file = decode::carries(bytes);
        let page = blob && decode::is_page(bytes);
        if bytes.len() < PAYLOAD_BYTES_MIN
            || !(file || page)
            || self.payloads.iter().any(|p| p.bytes == bytes)
        {
            return;
        }
        if !self.gaps.room(self.payloads.len(), PAYLOADS_MAX, "files that a script puts together") {
            return;
        }
        self.payloads.push(Payload { bytes: bytes.to_vec(), name: None, file });
    }

    /// A `data:` address carries its file itself.
    pub(crate) fn data_url(&mut self, text: &Text) {
        let prefix: String = String::from_utf16_lossy(text.units.get(..5).unwrap_or_default());
        if prefix.eq_ignore_ascii_case("data:")
            && let Some((_, bytes)) = decode::data_url(&text.string())
        {
            self.payload(&bytes, true);
        }
    }

    /// The page is written.
    pub(crate) fn write(&mut self, text: &Text) {
        let plain = text.string();
        self.event(What::Write, &plain, text.decoded);
        if text.decoded {
            self.note(&plain);
            if decode::is_page(plain.as_bytes()) {
                self.payload(plain.as_bytes(), true);
            }
        }
    }

    /// Looks at what the variables hold at the end.
    pub(crate) fn sweep(&mut self) {
        self.sweep_scope(0);
    }

    pub(crate) fn sweep_scope(&mut self, env: usize) {
        let Some(scope) = self.envs.get(env) else { return };
        let mut names: Vec<(&Name, &Value)> = scope.vars.iter().collect();
        names.sort_by(|a, b| a.0.cmp(b.0));
        let values: Vec<Value> = names
            .into_iter()
            .filter(|(name, value)| {
                &***name != "arguments" && matches!(value, Value::Str(_) | Value::Array(_))
            })
            .map(|(_, value)| value.clone())
            .collect();
        for value in values {
            match &value {
                Value::Str(text) if text.decoded && text.units.len() >= PAYLOAD_BYTES_MIN => {
                    let magic: Vec<u8> =
                        text.units.iter().take(8).map_while(|u| u8::try_from(*u).ok()).collect();
                    if decode::carries(&magic)
                        && let Some(bytes) = text.bytes()
                    {
                        self.payload(&bytes, false);
                    }
                }
                other => self.offer(other),
            }
        }
    }

    /// `new ActiveXObject("…")`, `CreateObject("…")`.
    pub(crate) fn com(&mut self, name: &Value) -> Value {
        let Some(name) = self.text(name) else {
            self.event(What::Com, "", true);
            return Value::Host("com:unknown".into());
        };
        let plain: String = name.string().chars().take(80).collect();
        self.event(What::Com, &plain, name.decoded);
        Value::Host(format!("com:{}", plain.to_ascii_lowercase().replace('.', "-")).into())
    }

    /// A call of a system object: what it would start, ask for or write.
    pub(crate) fn com_call(&mut self, object: &str, last: &str, args: &[Value]) -> Value {
        let mut texts = Vec::new();
        let mut decoded = false;
        for arg in args {
            if let Value::Str(text) = arg {
                decoded |= text.decoded;
                texts.push(text.string());
            }
        }
        let first = texts.first().cloned().unwrap_or_default();
        match last.to_ascii_lowercase().as_str() {
            "run" | "exec" | "create" => self.event(What::Run, &first, decoded),
            "shellexecute" => self.event(What::Run, texts.join(" ").trim(), decoded),
            "open" if object.contains("xmlhttp") || object.contains("winhttp") => {
                let url = texts.get(1).unwrap_or(&first).clone();
                self.event(What::Request, &url, decoded);
            }
            "savetofile" | "createtextfile" | "opentextfile" | "copyfile" | "movefile" => {
                self.event(What::Drop, texts.last().map_or("", String::as_str), decoded);
            }
            "expandenvironmentstrings" | "getspecialfolder" | "buildpath" => {
                return args.first().cloned().unwrap_or(Value::Unknown);
            }
            "createobject" => return self.com(args.first().unwrap_or(&Value::Undef)),
            _ => self.defer(args),
        }
        Value::Unknown
    }
}
