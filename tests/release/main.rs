//! What is released beside the program: recipes and modules for the tools that users have.

mod kubernetes;
mod terraform;
