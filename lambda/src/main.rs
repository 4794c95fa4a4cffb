//! The HTTP front of a config, as a Lambda function behind API Gateway.

mod router;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(router::router()).await
}
