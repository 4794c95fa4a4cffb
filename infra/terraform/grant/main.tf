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

  lifecycle {
    precondition {
      condition     = length(local.refused_github_subjects) == 0
      error_message = "github_subjects must be like repo:owner/name:environment:production or repo:owner/name:ref:refs/heads/main, or with both IDs like repo:owner@12/name@34:environment:production. Refused: ${join(", ", local.refused_github_subjects)}"
    }
    precondition {
      condition     = length(local.refused_oidc_subjects) == 0
      error_message = "Subjects of OIDC issuers must be bound to a branch, tag or environment (GitHub, GitLab), or name a service account (Kubernetes). Refused: ${join(", ", local.refused_oidc_subjects)}"
    }
  }
}
