//! Provisioning on the emulator of AWS, and the policies put to a simulator of IAM.

mod escalation;
mod policies;
mod stack;
mod stack_api;
mod stack_api_cli;
mod stack_code;
mod stack_code_faults;
mod stack_function;
