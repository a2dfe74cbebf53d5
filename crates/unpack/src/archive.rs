//! Archives, disk images, and what names and neighbours say.
//!
//! [`zip`] reads zips by their own bytes; [`packed`] reads the other archives, [`disk`], [`virtual_disk`] and [`fat`] the images, all into
//! [`output`], which keeps the limits. [`codec`] unpacks single streams, [`passwords`] tries passwords, [`keys`] says what they cost. [`name`] says
//! what a name tells, [`shape`] what stands around and behind a file's own format, [`relations`] what files tell about
//! one another. [`crate::extensions`] has the lists behind all of them.

mod bytes;
mod cab_bounds;
mod codec;
pub(crate) mod disk;
#[cfg(test)]
mod disk_tests;
mod fat;
mod keys;
pub(crate) mod name;
mod output;
pub(crate) mod packed;
mod passwords;
pub(crate) mod relations;
pub(crate) mod shape;
#[cfg(test)]
mod tests;
mod virtual_disk;
pub(crate) mod zip;

use crate::extensions::{self, Class};

/// What is opened first where not all can be: what can do something, then what can hold it.
fn interest(path: &str) -> u8 {
    match extensions::class(&crate::kind::extension(path)) {
        Class::Program | Class::Script | Class::Shortcut | Class::Installer | Class::Library => 0,
        Class::Office | Class::Page | Class::Image | Class::Risky | Class::AddIn => 1,
        Class::Archive => 2,
        Class::Document | Class::Picture | Class::Media | Class::Other => 3,
    }
}
