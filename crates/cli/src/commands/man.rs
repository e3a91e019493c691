use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man as Page;
use mlflow_migrate_core::Error;

use crate::Context;
use crate::outcome::{Generated, Outcome};

/// Write the manual page, or the pages of all commands into a folder
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate man > mlflow-migrate.1
  mlflow-migrate man --pages man1")]
pub(crate) struct Man {
    /// Write mlflow-migrate.1 and a page for each command into this folder, over older ones
    #[arg(long, value_name = "FOLDER")]
    pages: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut command = (context.command_line)();
        command.build();
        let text = match &self.pages {
            Some(folder) => {
                std::fs::create_dir_all(folder)
                    .and_then(|()| clap_mangen::generate_to(command, folder))
                    .map_err(|error| unwritable(folder, error))?;
                format!("{}: the manual pages are written\n", folder.display())
            }
            None => {
                let mut page = Vec::new();
                Page::new(command).render(&mut page).map_err(|error| Error::Database {
                    action: "writing the page".to_owned(),
                    source: Box::new(error),
                })?;
                String::from_utf8_lossy(&page).into_owned()
            }
        };
        Ok(Outcome::Man(Generated { text }))
    }
}

fn unwritable(folder: &Path, error: std::io::Error) -> Error {
    Error::Database { action: format!("writing to {}", folder.display()), source: Box::new(error) }
}
