//! Who writes: companies, and people with habits that last (program, signature, greeting, hours, network).

use crate::chance::Chance;

/// How a company's mail leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// Exchange on premises: mailboxes submit over MAPI.
    Exchange,
    /// A mail server that people log in to.
    Smtp,
    /// A mailbox provider's web pages.
    Web,
}

/// A company.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) role: &'static str,
    pub(super) domain: &'static str,
    /// Address of its outgoing server; empty for the receiving organisation itself.
    pub(super) ip: &'static str,
    pub(super) server: Server,
    pub(super) name: &'static str,
}

/// Program that writes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Client {
    /// Outlook at an Exchange server.
    Outlook,
    /// Outlook at another server.
    SmtpOutlook,
    Thunderbird,
    Apple,
    Becky,
    Notes,
    Roundcube,
    /// A provider's web pages.
    Gmail,
    Iphone,
    /// A script that lets Exchange make the message.
    Script,
    /// A program with as few fields as will do.
    Bare,
    /// A robot.
    Robot,
}

/// Somebody who writes.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) address: String,
    pub(super) company: usize,
    pub(super) languages: Vec<&'static str>,
    pub(super) client: Client,
    title: &'static str,
    /// How Japanese letters call them.
    surname: &'static str,
    /// Number among all, which decides small habits.
    pub(super) number: usize,
}

/// Everybody.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) companies: Vec<Company>,
    pub(super) people: Vec<Person>,
}

impl Cast {
    /// Reads the list.
    pub(super) fn read() -> Self {
        let mut cast = Self { companies: Vec::new(), people: Vec::new() };
        for line in include_str!("texts/people.txt").lines() {
            if let Some(head) = line.strip_prefix("@ ") {
                let mut words = head.splitn(5, ' ');
                let mut next = || words.next().unwrap_or_default();
                let (role, domain, ip) = (next(), next(), next().trim_matches('-'));
                let server = match next() {
                    "exchange" => Server::Exchange,
                    "web" => Server::Web,
                    _ => Server::Smtp,
                };
                cast.companies.push(Company { role, domain, ip, server, name: next() });
                continue;
            }
            let mut parts = line.split(" ; ");
            let mut next = || parts.next().unwrap_or_default();
            let (name, local, languages, client) = (next(), next(), next(), next());
            let Some(company) = cast.companies.last() else { continue };
            cast.people.push(Person {
                name,
                address: format!("{local}@{}", company.domain),
                company: cast.companies.len() - 1,
                languages: languages.split(' ').collect(),
                client: Client::named(client),
                title: next(),
                surname: next(),
                number: cast.people.len(),
            });
        }
        cast
    }

    /// A person by number; the first one when there is none.
    pub(super) fn person(&self, number: usize) -> &Person {
        self.people.get(number).unwrap_or(&self.people[0])
    }

    /// Their company.
    pub(super) fn company(&self, number: usize) -> &Company {
        let company = self.person(number).company;
        self.companies.get(company).unwrap_or(&self.companies[0])
    }

    /// People of a role who write a language, the main contact first.
    pub(super) fn of(&self, role: &str, language: &str) -> Vec<usize> {
        let fits = |p: &&Person| {
            self.companies.get(p.company).is_some_and(|c| c.role == role) && p.languages.contains(&language)
        };
        let mut out: Vec<&Person> = self.people.iter().filter(fits).collect();
        out.sort_by_key(|p| p.languages.first() != Some(&language));
        out.into_iter().map(|p| p.number).collect()
    }

    /// Somebody of the person's company who is none of `not`; of their language where there is one.
    pub(super) fn mate(
        &self,
        of: usize,
        language: &str,
        not: &[usize],
        chance: &mut Chance,
    ) -> Option<usize> {
        let company = self.person(of).company;
        let free: Vec<&Person> =
            self.people.iter().filter(|p| p.company == company && !not.contains(&p.number)).collect();
        let same: Vec<usize> =
            free.iter().filter(|p| p.languages.contains(&language)).map(|p| p.number).collect();
        if !same.is_empty() {
            return Some(chance.pick(&same));
        }
        free.first().map(|p| p.number)
    }
}

impl Client {
    fn named(name: &str) -> Self {
        match name {
            "smtp-outlook" => Self::SmtpOutlook,
            "thunderbird" => Self::Thunderbird,
            "apple" => Self::Apple,
            "becky" => Self::Becky,
            "notes" => Self::Notes,
            "roundcube" => Self::Roundcube,
            "gmail" => Self::Gmail,
            _ => Self::Outlook,
        }
    }
}

impl Person {
    /// The receiving organisation is theirs.
    pub(super) fn ours(&self) -> bool {
        self.company == 0
    }

    /// First name.
    pub(super) fn first(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or_default()
    }

    /// What Japanese letters call them.
    pub(super) fn surname(&self) -> &'static str {
        if self.surname.is_empty() { self.first() } else { self.surname }
    }

    /// Name and address.
    pub(super) fn mailbox(&self) -> (String, String) {
        (self.name.to_owned(), self.address.clone())
    }

    /// Hours east of Greenwich in winter.
    pub(super) fn zone(&self) -> i8 {
        match self.languages.first() {
            Some(&"ja") if self.company != 0 => 9,
            _ => 1,
        }
    }

    /// Their greeting.
    pub(super) fn greeting(&self, to: &Person, language: &str, company: &Company) -> String {
        let (first, habit) = (to.first(), self.number);
        match language {
            "sv" => {
                [format!("Hej {first},"), format!("Hej {first}!"), format!("Hejsan {first},"), "Hej!".into()]
                    [habit % 4]
                    .clone()
            }
            "ja" if self.company == to.company => {
                format!("{}さん\n\nお疲れ様です。{}です。", to.surname(), self.surname())
            }
            "ja" => format!(
                "{}様\n\nお世話になっております。\n{}の{}です。",
                to.surname(),
                company.name.trim_matches('-'),
                self.surname()
            )
            .replace("\nの", "\n"),
            _ => [
                format!("Hi {first},"),
                format!("Hello {first},"),
                format!("Dear {first},"),
                format!("{first},"),
                format!("Good morning {first},"),
            ][habit % 5]
                .clone(),
        }
    }

    /// Their closing words and signature.
    pub(super) fn signature(&self, language: &str, company: &Company) -> String {
        let habit = self.number;
        let close = match language {
            "sv" => ["Vänliga hälsningar", "Mvh", "Med vänlig hälsning", "Hälsningar"][habit % 4],
            "ja" => [
                "よろしくお願いいたします。",
                "何卒よろしくお願い申し上げます。",
                "以上、よろしくお願いします。",
            ][habit % 3],
            _ => ["Best regards", "Kind regards,", "Regards", "Best,", "Many thanks,"][habit % 5],
        };
        if company.name == "-" {
            return format!("{close}\n{}\n{}", self.first(), self.title);
        }
        let phone = format!("+{} 555 01{:02}", 40 + self.company % 9, habit);
        match habit % 4 {
            0 => format!("{close}\n\n{}\n{}\n{}\nTel. {phone}", self.name, self.title, company.name),
            1 => format!("{close}\n{}\n\n-- \n{} | {} | {phone}", self.first(), self.title, company.name),
            2 => format!("{close}\n\n{}\n{}, {}\n{}", self.name, self.title, company.name, self.address),
            _ => format!("{close}\n{}\n{}", self.name, company.name),
        }
    }

    /// Host name and address of the desk they write from.
    pub(super) fn desk(&self) -> (String, String) {
        let n = self.number;
        (
            format!("desk-{:02x}{:02x}", n * 7 % 251, n * 13 % 241),
            format!("10.{}.{}.{}", 8 + self.company, n % 5, 20 + n),
        )
    }
}
