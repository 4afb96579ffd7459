//! Completion scripts and manual pages, made from the same help that the commands show.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::{self, Cli};
use crate::exit::{Exit, Failure};
use crate::out::Out;

/// `ovirt-dr completions`.
pub(crate) fn completions(asked: &cli::Completions, out: Out) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(asked.shell, &mut Cli::command(), "ovirt-dr", &mut script);
    out.raw(String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// `ovirt-dr man`.
pub(crate) fn man(asked: cli::Man, out: Out) -> Result<Exit, Failure> {
    let Some(folder) = asked.folder else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        out.raw(String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    clap_mangen::generate_to(Cli::command(), &folder)
        .map_err(|error| Failure::said(format!("the pages cannot be written to {}: {error}", folder.display())))?;
    Ok(Exit::Done)
}
