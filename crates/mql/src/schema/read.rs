//! Reads the schema notation:
//!
//! ```text
//! // comment
//! shape Link { display_text: string, href_url: URL, tags: [string], query: map<string,[string]> }
//! union any_file = Attachment | File
//! root sender: SenderMailbox
//! list org_domains
//! list org_vips: [VIP]
//! fn ml.classify(text: string, subject: string = null) -> NLU
//! fn html.xpath(html: any_html, xpath: const string) -> XPathResult
//! fn beta.first(value: any, names: string...) -> string
//! ```

use rustc_hash::FxHashMap;
use thiserror::Error;

use super::{DefaultValue, Function, Param, ParamType, Schema, Shape, ShapeId};
use crate::typed::Const;
use crate::types::Type;

/// A mistake in a schema text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("schema line {line}: {message}")]
pub struct SchemaError {
    /// Line, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

type Result<T> = std::result::Result<T, SchemaError>;

const MATCH_SHAPE: &str =
    "shape RegexMatch { full_match: string, groups: [string], named_groups: map<string,string> }";

/// Reads a schema: names first, then what they mean, so that declarations may come in any order.
pub(super) fn read(text: &str) -> Result<Schema> {
    let mut tokens = tokenize(MATCH_SHAPE)?;
    tokens.extend(tokenize(text)?);
    let mut reader = Reader { tokens, at: 0, schema: Schema::empty(), union_ids: FxHashMap::default() };
    reader.collect_names()?;
    reader.at = 0;
    while !reader.done() {
        reader.declaration()?;
    }
    Ok(reader.schema)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(Box<str>),
    Number(Box<str>),
    Text(Box<str>),
    Sign(&'static str),
}

const SIGNS: &[&str] = &["->", "...", "{", "}", "(", ")", "[", "]", "<", ">", ",", ":", "=", "|"];

fn tokenize(text: &str) -> Result<Vec<(u32, Token)>> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        tokenize_line(number, line, &mut tokens)?;
    }
    Ok(tokens)
}

fn tokenize_line(line: u32, text: &str, tokens: &mut Vec<(u32, Token)>) -> Result<()> {
    let mut rest = text.trim_start();
    while !rest.is_empty() && !rest.starts_with("//") {
        let (token, len) = if let Some(sign) = SIGNS.iter().copied().find(|sign| rest.starts_with(*sign)) {
            (Token::Sign(sign), sign.len())
        } else if let Some(body) = rest.strip_prefix('"') {
            let end =
                body.find('"').ok_or_else(|| SchemaError { line, message: "string is not closed".into() })?;
            (Token::Text(body.get(..end).unwrap_or("").into()), end + 2)
        } else {
            // A dot joins a name; the three dots of a variadic parameter do not belong to it.
            let end = rest
                .char_indices()
                .find(|&(at, c)| {
                    !(c.is_ascii_alphanumeric() || c == '_')
                        && (c != '.' || rest.get(at..).is_some_and(|r| r.starts_with("...")))
                })
                .map_or(rest.len(), |(at, _)| at);
            if end == 0 {
                let c = rest.chars().next().unwrap_or(' ');
                return Err(SchemaError { line, message: format!("unexpected `{c}`") });
            }
            let word = rest.get(..end).unwrap_or("");
            let number = word.starts_with(|c: char| c.is_ascii_digit());
            (if number { Token::Number(word.into()) } else { Token::Word(word.into()) }, end)
        };
        tokens.push((line, token));
        rest = rest.get(len..).unwrap_or("").trim_start();
    }
    Ok(())
}

struct Reader {
    tokens: Vec<(u32, Token)>,
    at: usize,
    schema: Schema,
    union_ids: FxHashMap<Box<str>, u32>,
}

impl Reader {
    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        let at = self.at.min(self.tokens.len().saturating_sub(1));
        let line = self.tokens.get(at).map_or(1, |(line, _)| *line);
        Err(SchemaError { line, message: message.into() })
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.tokens.get(self.at), Some((_, Token::Sign(s))) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let yes = self.is(sign);
        self.at += usize::from(yes);
        yes
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.eat(sign) { Ok(()) } else { self.fail(format!("expected `{sign}`")) }
    }

    fn word(&mut self) -> Result<Box<str>> {
        match self.tokens.get(self.at) {
            Some((_, Token::Word(word))) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => self.fail("expected a name"),
        }
    }

    /// First pass: which shapes and unions there are.
    fn collect_names(&mut self) -> Result<()> {
        let mut depth = 0_u32;
        for at in 0..self.tokens.len() {
            self.at = at;
            match self.tokens.get(at) {
                Some((_, Token::Sign("{" | "("))) => depth += 1,
                Some((_, Token::Sign("}" | ")"))) => depth = depth.saturating_sub(1),
                Some((_, Token::Word(word))) if depth == 0 => {
                    let keyword = word.clone();
                    // `shape` inside a result type cannot be: types are names only.
                    if matches!(&*keyword, "shape" | "union")
                        && let Some((_, Token::Word(name))) = self.tokens.get(at + 1)
                    {
                        let name = name.clone();
                        self.register(&keyword, name)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn register(&mut self, keyword: &str, name: Box<str>) -> Result<()> {
        if self.schema.shape_ids.contains_key(&name) || self.union_ids.contains_key(&name) {
            return self.fail(format!("`{name}` is declared twice"));
        }
        if keyword == "shape" {
            let id = ShapeId(u32::try_from(self.schema.shapes.len()).unwrap_or(u32::MAX));
            self.schema.shape_ids.insert(name.clone(), id);
            self.schema.shapes.push(Shape { name, fields: Vec::new(), ids: FxHashMap::default() });
        } else {
            let id = u32::try_from(self.schema.unions.len()).unwrap_or(u32::MAX);
            self.union_ids.insert(name.clone(), id);
            self.schema.unions.push((name, Vec::new()));
        }
        Ok(())
    }

    fn declaration(&mut self) -> Result<()> {
        match &*self.word()? {
            "shape" => self.shape(),
            "union" => self.union(),
            "root" => self.root(),
            "list" => self.list(),
            "fn" => self.function(),
            other => {
                self.at -= 1;
                self.fail(format!("expected shape, union, root, list or fn, found `{other}`"))
            }
        }
    }

    fn shape(&mut self) -> Result<()> {
        let name = self.word()?;
        let mut fields: Vec<(Box<str>, Type)> = Vec::new();
        let mut ids = FxHashMap::default();
        self.expect("{")?;
        while !self.eat("}") {
            let field = self.word()?;
            self.expect(":")?;
            let ty = self.ty()?;
            if ids.insert(field.clone(), u32::try_from(fields.len()).unwrap_or(u32::MAX)).is_some() {
                return self.fail(format!("field `{field}` of `{name}` is declared twice"));
            }
            fields.push((field, ty));
            if !self.eat(",") && !self.is("}") {
                return self.fail("expected `,` or `}`");
            }
        }
        let id = self.schema.shape_ids.get(&name).copied();
        if let Some(shape) = id.and_then(|id| self.schema.shapes.get_mut(id.0 as usize)) {
            shape.fields = fields;
            shape.ids = ids;
        }
        Ok(())
    }

    fn union(&mut self) -> Result<()> {
        let name = self.word()?;
        self.expect("=")?;
        let mut of = Vec::new();
        loop {
            let member = self.word()?;
            match self.schema.shape_id(&member) {
                Some(id) => of.push(id),
                None => return self.fail(format!("unknown shape `{member}`")),
            }
            if !self.eat("|") {
                break;
            }
        }
        if let Some(id) = self.union_ids.get(&name)
            && let Some(union) = self.schema.unions.get_mut(*id as usize)
        {
            union.1 = of;
        }
        Ok(())
    }

    fn root(&mut self) -> Result<()> {
        let name = self.word()?;
        self.expect(":")?;
        let ty = self.ty()?;
        let id = u32::try_from(self.schema.roots.len()).unwrap_or(u32::MAX);
        if self.schema.root_ids.insert(name.clone(), id).is_some() {
            return self.fail(format!("root `{name}` is declared twice"));
        }
        self.schema.roots.push((name, ty));
        Ok(())
    }

    fn list(&mut self) -> Result<()> {
        let name = self.word()?;
        let of = if self.eat(":") {
            match self.ty()? {
                Type::Array(of) => *of,
                _ => return self.fail("a list has an array type"),
            }
        } else {
            Type::String
        };
        let id = u32::try_from(self.schema.lists.len()).unwrap_or(u32::MAX);
        if self.schema.list_ids.insert(name.clone(), id).is_some() {
            return self.fail(format!("list `{name}` is declared twice"));
        }
        self.schema.lists.push((name, of));
        Ok(())
    }

    fn function(&mut self) -> Result<()> {
        let name = self.word()?;
        let mut params = Vec::new();
        let mut variadic = false;
        self.expect("(")?;
        while !self.eat(")") {
            params.push(self.param()?);
            variadic = self.eat("...");
            if !self.eat(",") && !self.is(")") || (variadic && !self.is(")")) {
                return self.fail("expected `,` or `)`; only the last parameter is variadic");
            }
        }
        self.expect("->")?;
        let result = self.ty()?;
        if crate::builtin::Builtin::find(&name).is_some() {
            return self.fail(format!("`{name}` is a function of the language"));
        }
        let id = u32::try_from(self.schema.functions.len()).unwrap_or(u32::MAX);
        if self.schema.function_ids.insert(name.clone(), id).is_some() {
            return self.fail(format!("function `{name}` is declared twice"));
        }
        self.schema.functions.push(Function { name, params, variadic, result });
        Ok(())
    }

    fn param(&mut self) -> Result<Param> {
        let name = self.word()?;
        self.expect(":")?;
        let constant = matches!(self.tokens.get(self.at), Some((_, Token::Word(w))) if &**w == "const");
        self.at += usize::from(constant);
        let ty = match self.tokens.get(self.at) {
            Some((_, Token::Word(w))) if &**w == "any" => {
                self.at += 1;
                ParamType::Any
            }
            Some((_, Token::Word(w))) if self.union_ids.contains_key(w) => {
                let id = self.union_ids.get(w).copied().unwrap_or(0);
                self.at += 1;
                ParamType::Union(id)
            }
            _ => ParamType::Type(self.ty()?),
        };
        let default = if self.eat("=") { Some(self.default()?) } else { None };
        Ok(Param { name, ty, constant, default })
    }

    fn default(&mut self) -> Result<DefaultValue> {
        if !self.eat("[") {
            return Ok(DefaultValue::Const(self.constant()?));
        }
        let mut items = Vec::new();
        while !self.eat("]") {
            items.push(self.constant()?);
            if !self.eat(",") && !self.is("]") {
                return self.fail("expected `,` or `]`");
            }
        }
        Ok(DefaultValue::Array(items))
    }

    fn constant(&mut self) -> Result<Const> {
        let Some((_, token)) = self.tokens.get(self.at).cloned() else {
            return self.fail("expected a constant");
        };
        let value = match &token {
            Token::Text(text) => Const::Str(text.clone()),
            Token::Word(word) => match &**word {
                "null" => Const::Null,
                "true" => Const::Bool(true),
                "false" => Const::Bool(false),
                _ => return self.fail("expected a constant"),
            },
            Token::Number(number) => match (number.parse(), number.parse()) {
                (Ok(int), _) => Const::Int(int),
                (_, Ok(float)) => Const::Float(float),
                _ => return self.fail("expected a number"),
            },
            Token::Sign(_) => return self.fail("expected a constant"),
        };
        self.at += 1;
        Ok(value)
    }

    fn ty(&mut self) -> Result<Type> {
        // Schemas are ours: nesting is as deep as we write it, but a limit keeps this total.
        let mut arrays = 0_usize;
        while self.eat("[") {
            arrays += 1;
        }
        let name = self.word()?;
        let mut ty = match &*name {
            "bool" => Type::Bool,
            "int" => Type::Int,
            "float" => Type::Float,
            "string" => Type::String,
            "datetime" => Type::Datetime,
            "bytes" => Type::Bytes,
            "json" => Type::Json,
            "map" => self.map_type()?,
            _ => match self.schema.shape_id(&name) {
                Some(id) => Type::Shape(id),
                None => {
                    self.at -= 1;
                    return self.fail(format!("unknown type `{name}`"));
                }
            },
        };
        for _ in 0..arrays {
            self.expect("]")?;
            ty = ty.array();
        }
        Ok(ty)
    }

    fn map_type(&mut self) -> Result<Type> {
        self.expect("<")?;
        if &*self.word()? != "string" {
            return self.fail("keys of a map are strings");
        }
        self.expect(",")?;
        let of = self.ty()?;
        self.expect(">")?;
        Ok(of.map())
    }
}

impl Schema {
    fn empty() -> Self {
        Self {
            shapes: Vec::new(),
            shape_ids: FxHashMap::default(),
            roots: Vec::new(),
            root_ids: FxHashMap::default(),
            lists: Vec::new(),
            list_ids: FxHashMap::default(),
            functions: Vec::new(),
            function_ids: FxHashMap::default(),
            unions: Vec::new(),
        }
    }
}
