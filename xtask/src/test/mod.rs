//! `cargo xtask test`: every check, in order, with a closing summary.
//!
//! A failed step does not stop the later ones that can still tell something. After
//! set-up nothing here needs the network: cargo is told so.

mod count;
mod steps;
mod summary;

use std::time::Instant;

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::progress;
use crate::project::Project;
use crate::setup;

use steps::STEPS;
use summary::{Line, Verdict};

/// Which checks to run.
#[derive(Debug, Args)]
pub struct TestOptions {
    /// Run only this step; repeatable. `--list` names them.
    #[arg(long, value_name = "STEP")]
    pub only: Vec<String>,

    /// List the steps.
    #[arg(long)]
    pub list: bool,

    /// Do not look whether set-up is complete.
    #[arg(long)]
    pub no_setup: bool,
}

/// The subcommand.
pub fn run(project: &Project, options: &TestOptions) -> Outcome {
    if options.list {
        for step in STEPS {
            println!("{:<14} {}", step.name, step.what);
        }
        return Ok(());
    }
    if let Some(unknown) = options
        .only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
    {
        return Err(Failure::refused(format!(
            "there is no step {unknown:?}; `cargo xtask test --list` names them"
        )));
    }
    if !options.no_setup {
        setup::everything(project)?;
    }
    let mut lines: Vec<Line> = Vec::new();
    for step in STEPS {
        let is_chosen =
            options.only.is_empty() || options.only.iter().any(|name| name == step.name);
        if !is_chosen {
            continue;
        }
        println!("\n── {} ── {}", step.name, step.what);
        let started = Instant::now();
        let missing = step.needs.iter().find(|needed| {
            lines
                .iter()
                .any(|line| line.name == **needed && line.verdict.is_failure())
        });
        let verdict = match missing {
            Some(needed) => Verdict::Failed(format!("not run: {needed} failed")),
            None => match (step.run)(project) {
                Ok(count) => Verdict::Passed(count),
                Err(failure) => {
                    eprintln!("{failure}");
                    Verdict::Failed(first_line(&failure.message))
                }
            },
        };
        let took = started.elapsed();
        println!("── {} took {}", step.name, progress::duration(took));
        lines.push(Line {
            name: step.name,
            verdict,
            took,
        });
    }
    summary::print(&lines);
    if lines.iter().any(|line| line.verdict.is_failure()) {
        return Err(Failure::broken("some checks failed; see above"));
    }
    Ok(())
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(100)
        .collect()
}
