//! The program as scripts use it: started as a process against a small hub, judged by its
//! output, its exit code, and by what the hub saw.

mod load;
mod process;
mod run;
mod stand_in;
