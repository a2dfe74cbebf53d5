//! Who may do what with which held mail: one table, which the configuration can change.

use std::collections::BTreeMap;

use sekisho_record::{
    Class,
    quarantine::{Deed, Lockdown, Refused, Role},
};
use serde::{Deserialize, Serialize};

/// For each role, what it may do, and up to which class. What is not named may not be done. Of ordering and lifting
/// lockdowns the class does not matter.
///
/// As it stands in the configuration: `analyst = { preview = "malicious", release = "suspicious" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(pub BTreeMap<Role, BTreeMap<Deed, Class>>);

impl Default for Rights {
    /// Recipients look at what is suspicious and release it, and ask for anything; readers look; analysts work on
    /// everything; only administrators order and lift lockdowns.
    fn default() -> Self {
        use Deed::{Answer, Delete, Lift, Lock, Preview, Release, Request};
        let all =
            |deeds: &[Deed]| deeds.iter().map(|deed| (*deed, Class::Malicious)).collect::<BTreeMap<_, _>>();
        let mut recipient = all(&[Request]);
        recipient.insert(Preview, Class::Suspicious);
        recipient.insert(Release, Class::Suspicious);
        Self(BTreeMap::from([
            (Role::Recipient, recipient),
            (Role::Reader, all(&[Preview])),
            (Role::Analyst, all(&[Preview, Request, Answer, Release, Delete])),
            (Role::Administrator, all(&[Preview, Request, Answer, Release, Delete, Lock, Lift])),
        ]))
    }
}

impl Rights {
    /// The same table with one entry changed: up to this class, or not at all.
    #[must_use]
    pub fn with(mut self, role: Role, deed: Deed, class: Option<Class>) -> Self {
        let deeds = self.0.entry(role).or_default();
        match class {
            Some(class) => deeds.insert(deed, class),
            None => deeds.remove(&deed),
        };
        self
    }

    /// Whether the role may do this with a message of that class, if no lockdown covers it.
    pub fn allows(&self, role: Role, deed: Deed, class: Class) -> bool {
        let highest = self.0.get(&role).and_then(|deeds| deeds.get(&deed));
        highest.is_some_and(|highest| matches!(deed, Deed::Lock | Deed::Lift) || class <= *highest)
    }
}

/// Whether somebody in this role may do this with a message of that class, which this lockdown covers (if one does). A
/// lockdown takes the right to release away from every role; nothing else.
///
/// # Errors
/// Why not: [`Refused::Role`] before [`Refused::Lockdown`].
pub fn may(
    rights: &Rights,
    role: Role,
    deed: Deed,
    class: Class,
    lockdown: Option<&Lockdown>,
) -> Result<(), Refused> {
    if !rights.allows(role, deed, class) {
        return Err(Refused::Role);
    }
    match lockdown {
        Some(lockdown) if deed == Deed::Release => Err(refusal(lockdown)),
        _ => Ok(()),
    }
}

/// What whoever is refused is told of a lockdown.
pub(crate) fn refusal(lockdown: &Lockdown) -> Refused {
    Refused::Lockdown { id: lockdown.id.clone(), reason: lockdown.reason.clone(), until: lockdown.until }
}

#[cfg(test)]
mod tests {
    use sekisho_record::quarantine::{Lift, Scope};

    use super::*;

    const ROLES: [Role; 5] =
        [Role::Program, Role::Recipient, Role::Reader, Role::Analyst, Role::Administrator];
    const DEEDS: [Deed; 7] =
        [Deed::Preview, Deed::Request, Deed::Answer, Deed::Release, Deed::Delete, Deed::Lock, Deed::Lift];

    fn lockdown() -> Lockdown {
        Lockdown {
            id: "L1".into(),
            scope: Scope::Everything,
            reason: "drill".into(),
            by: "ann".into(),
            since: 1,
            until: None,
            lift: Lift::default(),
        }
    }

    /// The table as text: one line a role, `B`, `S` or `M` up to which class.
    fn check(rights: &Rights, lockdown: Option<&Lockdown>) -> String {
        let mut out = String::new();
        for role in ROLES {
            out.push_str(&format!("{role:?}:"));
            for deed in DEEDS {
                let classes = [(Class::Benign, 'B'), (Class::Suspicious, 'S'), (Class::Malicious, 'M')];
                let mut may =
                    classes.iter().filter(|(class, _)| may(rights, role, deed, *class, lockdown).is_ok());
                if let Some((_, letter)) = may.next_back() {
                    out.push_str(&format!(" {}={letter}", deed.name()));
                }
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn everybody_may_do_what_the_table_says() {
        insta::assert_snapshot!(check(&Rights::default(), None), @r"
        Program:
        Recipient: preview=S request=M release=S
        Reader: preview=M
        Analyst: preview=M request=M answer=M release=M delete=M
        Administrator: preview=M request=M answer=M release=M delete=M lock=M lift=M
        ");
    }

    #[test]
    fn a_lockdown_takes_the_right_to_release_from_everyone_and_nothing_else() {
        let without = check(&Rights::default(), None).replace(" release=S", "").replace(" release=M", "");
        assert_eq!(check(&Rights::default(), Some(&lockdown())), without);
    }

    #[test]
    fn the_configuration_changes_it() {
        let text =
            r#"{"reader": {"preview": "benign"}, "analyst": {"release": "suspicious", "lock": "benign"}}"#;
        let rights: Rights = serde_json::from_str(text).unwrap();
        insta::assert_snapshot!(check(&rights, None), @r"
        Program:
        Recipient:
        Reader: preview=B
        Analyst: release=S lock=M
        Administrator:
        ");
        let with = rights.with(Role::Recipient, Deed::Release, Some(Class::Benign)).with(
            Role::Analyst,
            Deed::Release,
            None,
        );
        assert!(with.allows(Role::Recipient, Deed::Release, Class::Benign));
        assert!(!with.allows(Role::Recipient, Deed::Release, Class::Suspicious));
        assert!(!with.allows(Role::Analyst, Deed::Release, Class::Benign));
        assert!(serde_json::from_str::<Rights>(r#"{"analyst": {"destroy": "benign"}}"#).is_err());
    }
}
