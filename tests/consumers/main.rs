//! What discfg writes and answers, put to programs that consume it: shells, Python, Terraform.

mod clients;
mod formats;
