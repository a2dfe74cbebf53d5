//! From arguments and configuration to an engine: which rules run, whose word is believed, who the organisation is.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sekisho_detect::{Lists, OrgLists, RuleKind, RuleSource, Rules, Yara, rules};
use sekisho_engine::{Desk, Engine, Live, Nobody, Resolver, Scripted, Zone};
use sekisho_observe::{Context, Knowledge, Organisation, Person};
use sekisho_policy::Policy;

pub(crate) use crate::memory::{Remember, desk_with};
use crate::{
    cli::World,
    config::{self, Config},
};

/// The configuration that the arguments name, with what the arguments add.
///
/// # Errors
/// When the file cannot be read or is wrong.
pub(crate) fn config(world: &World) -> Result<Config> {
    let config = match &world.config {
        Some(path) => config::read(path)?,
        None => Config::default(),
    };
    Ok(with_arguments(world, config))
}

/// The same where the text of the file is known.
///
/// # Errors
/// When it is wrong.
#[cfg(unix)]
pub(crate) fn config_of(world: &World, text: &str) -> Result<Config> {
    let config = match &world.config {
        Some(path) => config::read_text(path, text)?,
        None => Config::default(),
    };
    Ok(with_arguments(world, config))
}

fn with_arguments(world: &World, mut config: Config) -> Config {
    config.rules.folders.extend(world.rules.iter().cloned());
    config.rules.builtin &= !world.no_builtin;
    config.lists.folders.extend(world.lists.iter().cloned());
    config.attachments.yara_rules.extend(world.yara.iter().cloned());
    config.authentication.believe.extend(world.believe.iter().cloned());
    config.authentication.believe_unnamed |= world.believe_unnamed;
    config.organisation.domains.extend(world.domain.iter().cloned());
    if world.dns {
        config.authentication.dns = Some(true);
    }
    if let Some(zone) = &world.zone {
        config.authentication.zone = Some(zone.clone());
    }
    config
}

/// Everything that observation needs to know of the configuration.
#[must_use]
pub(crate) fn context(config: &Config) -> Context {
    let lower = |v: &[String]| v.iter().map(|s| s.to_lowercase()).collect();
    let person =
        |p: &config::Person| Person { name: p.name.clone(), addresses: vec![p.address.to_lowercase()] };
    let organisation = &config.organisation;
    Context {
        organisation: Organisation {
            names: organisation.name.iter().chain(&organisation.names).cloned().collect(),
            domains: lower(&organisation.domains),
            people: organisation.people.iter().map(person).collect(),
            vips: organisation.people.iter().filter(|p| p.vip).map(person).collect(),
            partners: lower(&organisation.partners),
            hosts: lower(&organisation.servers),
        },
        believed: lower(&config.authentication.believe),
        believe_unnamed: config.authentication.believe_unnamed,
        believed_sealers: lower(&config.authentication.believe_sealers),
        attachments_closed: !config.attachments.open,
        ..Context::default()
    }
}

/// Compiles the rules of a configuration.
///
/// # Errors
/// Every file that is wrong, rendered.
pub(crate) fn rules(config: &Config) -> Result<Rules> {
    let mut sources = if config.rules.builtin { rules::builtin()? } else { Vec::new() };
    for folder in &config.rules.folders {
        sources.extend(read_rules(folder)?);
    }
    for id in &config.rules.disabled {
        if !sources.iter().any(|r| &r.id == id) {
            bail!("rules.disabled names `{id}`, which is no rule; `sekisho rules list` names them all");
        }
    }
    sources.retain(|r| !config.rules.disabled.contains(&r.id));
    compile(sources, config)
}

/// Compiles given rules with the lists and people of a configuration.
///
/// # Errors
/// When a rule or a list is wrong.
pub(crate) fn compile(sources: Vec<RuleSource>, config: &Config) -> Result<Rules> {
    let mut lists = Lists::default();
    for (name, entries) in sekisho_observe::lists::all() {
        lists.set(name, entries);
    }
    for folder in &config.lists.folders {
        lists.read_folder(folder)?;
    }
    let organisation = &config.organisation;
    let org = OrgLists {
        domains: organisation.domains.iter().map(|d| d.to_lowercase()).collect(),
        display_names: organisation.people.iter().map(|p| p.name.clone()).collect(),
        vips: organisation
            .people
            .iter()
            .filter(|p| p.vip)
            .map(|p| (p.name.clone(), p.address.to_lowercase()))
            .collect(),
    };
    let rules = Rules::compile(sources, lists, &org)?;
    if config.attachments.yara_rules.is_empty() {
        return Ok(rules);
    }
    Ok(rules.with_yara(Yara::read(&config.attachments.yara_rules)?))
}

/// Reads a folder of rules; every broken file is named, not only the first.
///
/// # Errors
/// When a file is wrong.
pub(crate) fn read_rules(folder: &Path) -> Result<Vec<RuleSource>> {
    let (sources, errors) = rules::read_folder(folder)?;
    if !errors.is_empty() {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        bail!("{}", all.join("\n"));
    }
    Ok(sources)
}

/// Builds the engine.
///
/// # Errors
/// When the zone file cannot be read or the resolver cannot be set up.
pub(crate) fn engine_of(config: &Config, rules: Rules) -> Result<Engine> {
    Ok(secluded_of(config, rules)?.with_desk(desk(config)?))
}

/// An engine that asks nobody, for whoever has somebody else to ask.
///
/// # Errors
/// When configuration, rules, lists or brands are wrong.
pub(crate) fn secluded(world: &World) -> Result<Engine> {
    let config = config(world)?;
    secluded_of(&config, rules(&config)?)
}

/// An engine for messages that are judged again, by these rules only: files, folders, or ids of built-in ones.
///
/// # Errors
/// When configuration, rules, lists or brands are wrong.
pub(crate) fn again(world: &World, names: &[String]) -> Result<Engine> {
    let config = config(world)?;
    let rules = compile(named(names)?, &config)?;
    Ok(secluded_of(&config, rules)?.again())
}

/// The rules that names mean: files, folders, or ids of built-in ones.
///
/// # Errors
/// When there is no such rule, or one is wrong.
pub(crate) fn named(names: &[String]) -> Result<Vec<RuleSource>> {
    let builtin = rules::builtin()?;
    let mut sources: Vec<RuleSource> = Vec::new();
    for name in names {
        let found = if Path::new(name).exists() {
            read_rules(Path::new(name))?
        } else if let Some(rule) = builtin.iter().find(|rule| rule.id == *name) {
            vec![rule.clone()]
        } else {
            let near = builtin.iter().map(|r| (strsim::damerau_levenshtein(&r.id, name), &r.id)).min();
            let help = near.map(|(_, id)| format!("; did you mean `{id}`?")).unwrap_or_default();
            bail!("`{name}` is no file, no folder and no built-in rule{help}");
        };
        if !found.iter().any(|rule| rule.kind == RuleKind::Detection) {
            bail!("`{name}` holds no rule that detects anything");
        }
        let known = |rule: &RuleSource| sources.iter().any(|s| s.id == rule.id && s.file == rule.file);
        let new: Vec<RuleSource> = found.into_iter().filter(|rule| !known(rule)).collect();
        sources.extend(new);
    }
    sources.retain(|rule| rule.kind == RuleKind::Detection);
    Ok(sources)
}

/// An engine for a configuration that asks nobody.
///
/// # Errors
/// When the brands cannot be read.
pub(crate) fn secluded_of(config: &Config, rules: Rules) -> Result<Engine> {
    let policy = Policy::new(&config.policy, &config.organisation.domains)?;
    let mut engine = Engine::new(context(config), rules).with_policy(policy);
    if let Some(folder) = &config.brands.folder {
        let knowledge =
            Knowledge::with_folder(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        engine = engine.with_knowledge(knowledge);
    }
    Ok(engine)
}

/// Who answers questions about papers.
///
/// # Errors
/// When the zone file cannot be read or the resolver cannot be set up.
pub(crate) fn desk(config: &Config) -> Result<Desk> {
    let resolver: Box<dyn Resolver> = if let Some(path) = &config.authentication.zone {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let zone = Zone::parse(&text).with_context(|| path.display().to_string())?;
        Box::new(Scripted::new(zone)?)
    } else if config.authentication.dns == Some(true) {
        let servers = &config.authentication.dns_servers;
        Box::new(if servers.is_empty() { Live::system()? } else { Live::servers(servers)? })
    } else {
        Box::new(Nobody)
    };
    Ok(Desk::new(resolver, std::time::Duration::from_millis(config.authentication.timeout_ms)))
}
