//! Invented people of an invented company.

/// The receiving organisation's domain.
pub const DOMAIN: &str = "harbour.example";
/// Its name.
pub const COMPANY: &str = "Harbour Logistics";

/// Somebody with a mailbox at [`DOMAIN`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Person {
    /// Display name.
    pub name: &'static str,
    /// Local part.
    pub local: &'static str,
}

impl Person {
    /// First name.
    #[must_use]
    pub fn first(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or_default()
    }

    /// Address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}@{DOMAIN}", self.local)
    }
}

/// The people.
pub const PEOPLE: [Person; 36] = [
    person("Aiko Tanaka", "aiko.tanaka"),
    person("Jonas Berg", "jonas.berg"),
    person("Marta Lindqvist", "marta.lindqvist"),
    person("Samuel Okafor", "samuel.okafor"),
    person("Priya Raman", "priya.raman"),
    person("Elena Castillo", "elena.castillo"),
    person("Dieter Vogel", "dieter.vogel"),
    person("Hiroshi Kondo", "hiroshi.kondo"),
    person("Grace Whitfield", "grace.whitfield"),
    person("Oskar Nyman", "oskar.nyman"),
    person("Lucia Ferrante", "lucia.ferrante"),
    person("Tomas Havel", "tomas.havel"),
    person("Yuki Arai", "yuki.arai"),
    person("Benjamin Adler", "benjamin.adler"),
    person("Nadia Haddad", "nadia.haddad"),
    person("Patrick Doyle", "patrick.doyle"),
    person("Ingrid Solberg", "ingrid.solberg"),
    person("Carlos Mendoza", "carlos.mendoza"),
    person("Wei Zhang", "wei.zhang"),
    person("Amelia Hart", "amelia.hart"),
    person("Rafael Teixeira", "rafael.teixeira"),
    person("Sofie Janssen", "sofie.janssen"),
    person("Kenji Murata", "kenji.murata"),
    person("Olga Sokolova", "olga.sokolova"),
    person("Daniel Pryce", "daniel.pryce"),
    person("Fatima Zahra", "fatima.zahra"),
    person("Henrik Dahl", "henrik.dahl"),
    person("Megumi Ono", "megumi.ono"),
    person("Victor Lemaire", "victor.lemaire"),
    person("Ruth Abrams", "ruth.abrams"),
    person("Andrzej Kowal", "andrzej.kowal"),
    person("Beatriz Lopes", "beatriz.lopes"),
    person("Colm Byrne", "colm.byrne"),
    person("Deepa Nair", "deepa.nair"),
    person("Emil Sandberg", "emil.sandberg"),
    person("Tara McIntyre", "tara.mcintyre"),
];

const fn person(name: &'static str, local: &'static str) -> Person {
    Person { name, local }
}
