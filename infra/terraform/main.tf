# The template of this version of discfg, unchanged, so that the command line finds its own stack.
resource "aws_cloudformation_stack" "config" {
  name          = "discfg-${var.config}"
  template_body = file("${path.module}/../discfg.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  iam_role_arn  = var.cfn_role_arn
  tags          = var.tags

  parameters = {
    Config              = var.config
    Readers             = join(",", var.readers)
    Writers             = join(",", var.writers)
    GitHubSubjects      = join(",", var.github_subjects)
    FirstOidc           = var.first_oidc
    SecondOidc          = var.second_oidc
    ThirdOidc           = var.third_oidc
    AccountIds          = join(",", var.account_ids)
    OrgId               = var.org_id
    ExternalId          = var.external_id
    PermissionsBoundary = var.permissions_boundary
    BillingMode         = var.billing_mode
    ReadCapacity        = tostring(var.read_capacity)
    WriteCapacity       = tostring(var.write_capacity)
    HistoryDays         = tostring(var.history_days)
    MakeKmsKey          = tostring(var.make_kms_key)
    KmsKeyArn           = var.kms_key_arn
    MakeApi             = tostring(var.make_api)
    CodeBucket          = var.code_bucket
    CodeKey             = var.code_key
    CodeVersion         = var.code_version
    CodeArchitecture    = var.code_architecture
    ApiWaits            = tostring(var.api_waits)
    ApiRate             = tostring(var.api_rate)
    ApiBurst            = tostring(var.api_burst)
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
