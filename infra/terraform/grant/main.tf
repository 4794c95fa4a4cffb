# The template of this version of discfg, unchanged, so that the command line finds its own stack.
resource "aws_cloudformation_stack" "grant" {
  name          = "discfg-${var.config}--${var.grant}"
  template_body = file("${path.module}/../../grant.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  iam_role_arn  = var.cfn_role_arn
  tags          = var.tags

  parameters = {
    Config                = var.config
    Grant                 = var.grant
    Sections              = join(",", var.sections)
    Access                = var.access
    Principals            = join(",", var.principals)
    GitHubSubjects        = join(",", var.github_subjects)
    FirstOidc             = var.first_oidc
    SecondOidc            = var.second_oidc
    ThirdOidc             = var.third_oidc
    CreateOidcProvider    = tostring(var.create_oidc_provider)
    OidcProviderIssuer    = var.oidc_provider_issuer
    OidcProviderAudiences = join(",", var.oidc_provider_audiences)
    PermissionsBoundary   = var.permissions_boundary
    KmsKeyArn             = var.kms_key_arn
    ApiReads              = join(",", var.api_reads)
  }
}
