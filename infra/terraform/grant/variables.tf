variable "config" {
  description = "Name of the config. Its stack must exist."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.config)) && length(var.config) <= 36
    error_message = "config must begin with a-z, then a-z, 0-9 and single hyphens, at most 36 characters."
  }
}

variable "grant" {
  description = "Name of the grant. The stack is named discfg-CONFIG--NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.grant)) && length(var.grant) <= 36 && !contains(["read", "write", "self"], var.grant)
    error_message = "grant must begin with a-z, then a-z, 0-9 and single hyphens, at most 36 characters; not read, write or self."
  }
}

variable "sections" {
  description = "The sections, such as /db. @root is the section of keys at the root."
  type        = list(string)
  nullable    = false

  validation {
    condition     = can(regex("^(@root|/[A-Za-z0-9._:-]+)(,(@root|/[A-Za-z0-9._:-]+))*$", join(",", var.sections)))
    error_message = "sections must be sections such as /db or @root."
  }
}

variable "access" {
  description = "Whether the role can only read the sections, or also write them"
  type        = string
  default     = "read"
  nullable    = false

  validation {
    condition     = contains(["read", "write"], var.access)
    error_message = "access must be read or write."
  }
}

variable "principals" {
  description = "ARNs of the roles and users of this account that can assume the role, with * and ? in names as in ArnLike"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^,]+(,arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^,]+)*)?$", join(",", var.principals)))
    error_message = "principals must be ARNs of roles or users."
  }
}

variable "github_subjects" {
  description = "Exact sub claims of the GitHub Actions jobs that can assume the role"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = can(regex("^(repo:[^*?,$]+(,repo:[^*?,$]+)*)?$", join(",", var.github_subjects)))
    error_message = "github_subjects must be like repo:owner/name:environment:production, without wildcards and $."
  }
}

variable "first_oidc" {
  description = "Another OIDC issuer, the audience of its tokens, and the exact sub claims that can assume the role: ISSUER|AUDIENCE|SUBJECT,SUBJECT with the issuer's URL without https://. The account needs its OIDC provider."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+(/[A-Za-z0-9._~%/-]*)?\\|[ !#%-)+.->@-\\[\\]-{}~-]+\\|[ !#%-)+.->@-\\[\\]-{}~-]+(,[ !#%-)+.->@-\\[\\]-{}~-]+)*)?$", var.first_oidc))
    error_message = "first_oidc must be like gitlab.com|sts.amazonaws.com|project_path:acme/shop:ref_type:branch:ref:main, without wildcards and $."
  }
}

variable "second_oidc" {
  description = "A second OIDC issuer, in the same form. Ignored without first_oidc."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+(/[A-Za-z0-9._~%/-]*)?\\|[ !#%-)+.->@-\\[\\]-{}~-]+\\|[ !#%-)+.->@-\\[\\]-{}~-]+(,[ !#%-)+.->@-\\[\\]-{}~-]+)*)?$", var.second_oidc))
    error_message = "second_oidc must be like gitlab.com|sts.amazonaws.com|project_path:acme/shop:ref_type:branch:ref:main, without wildcards and $."
  }
}

variable "third_oidc" {
  description = "A third OIDC issuer, in the same form. Ignored without first_oidc."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+(/[A-Za-z0-9._~%/-]*)?\\|[ !#%-)+.->@-\\[\\]-{}~-]+\\|[ !#%-)+.->@-\\[\\]-{}~-]+(,[ !#%-)+.->@-\\[\\]-{}~-]+)*)?$", var.third_oidc))
    error_message = "third_oidc must be like gitlab.com|sts.amazonaws.com|project_path:acme/shop:ref_type:branch:ref:main, without wildcards and $."
  }
}

variable "create_oidc_provider" {
  description = "Whether to create an OIDC provider. An account can have only one per issuer."
  type        = bool
  default     = false
  nullable    = false
}

variable "oidc_provider_issuer" {
  description = "Issuer of the OIDC provider to create: its URL without https://"
  type        = string
  default     = "token.actions.githubusercontent.com"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.-]+(/[A-Za-z0-9._~%/-]*)?$", var.oidc_provider_issuer))
    error_message = "oidc_provider_issuer must be a host and a path, without https:// and a port."
  }
}

variable "oidc_provider_audiences" {
  description = "Audiences of the OIDC provider to create"
  type        = list(string)
  default     = ["sts.amazonaws.com"]
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of a managed policy to use as the permissions boundary of the role"
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:[a-z0-9-]+:iam::([0-9]{12}|aws):policy/.+)?$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of a managed policy."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the config's table and secrets, if it has one"
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "api_reads" {
  description = "Resources of the config's HTTP API that the role can read, one per section: arn:PARTITION:execute-api:REGION:ACCOUNT:API/$default/GET/v1/CONFIG/SECTION/*. A role with write access can write the same."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:execute-api:[a-z0-9-]+:[0-9]{12}:[a-z0-9]+/\\$default/GET/v1/[a-z0-9-]+/(@root|[A-Za-z0-9._:-]+)/\\*(,arn:aws[a-z-]*:execute-api:[a-z0-9-]+:[0-9]{12}:[a-z0-9]+/\\$default/GET/v1/[a-z0-9-]+/(@root|[A-Za-z0-9._:-]+)/\\*)*)?$", join(",", var.api_reads)))
    error_message = "api_reads must be like arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/$default/GET/v1/payments/db/*."
  }
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation also gives to its resources"
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "cfn_role_arn" {
  description = "ARN of the role that CloudFormation deploys with. By default, the credentials of the provider"
  type        = string
  default     = null
}
