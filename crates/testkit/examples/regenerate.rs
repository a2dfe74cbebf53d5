//! Writes `scenarios/` anew from templates and seeds. Files that are no longer made are removed.

use std::{fs, io};

use sekisho_testkit::{scenarios, write};

fn main() -> io::Result<()> {
    let Some(all) = write::all() else { return Err(io::Error::other("the test keys cannot be read")) };
    for scenario in all {
        let folder = scenarios::folder().join(scenario.folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let files = scenario.files();
        let bytes: usize = files.iter().map(|(_, b)| b.len()).sum();
        for (name, content) in &files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, content)?;
        }
        println!("{}: {} files, {} kB", scenario.folder, files.len(), bytes / 1000);
    }
    Ok(())
}
