variable "config" {
  description = "Name of the config. The stack is named discfg-NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.config)) && length(var.config) <= 36
    error_message = "config must begin with a-z, then a-z, 0-9 and single hyphens, at most 36 characters."
  }
}

variable "readers" {
  description = "ARNs of the principals that can assume the read role, with * and ? as in ArnLike. The default is any principal whose own policy allows it."
  type        = list(string)
  default     = ["arn:*:*:*:*:*"]
  nullable    = false

  validation {
    condition     = length(var.readers) > 0 && alltrue([for arn in var.readers : can(regex("^arn:[^,]+$", arn))])
    error_message = "readers must have at least one ARN. Without the variable, it is any principal whose own policy allows it."
  }
}

variable "writers" {
  description = "ARNs of the principals that can assume the write role, with * and ? as in ArnLike. The default is any principal whose own policy allows it."
  type        = list(string)
  default     = ["arn:*:*:*:*:*"]
  nullable    = false

  validation {
    condition     = length(var.writers) > 0 && alltrue([for arn in var.writers : can(regex("^arn:[^,]+$", arn))])
    error_message = "writers must have at least one ARN. Without the variable, it is any principal whose own policy allows it."
  }
}

variable "github_subjects" {
  description = "Exact sub claims of the GitHub Actions jobs that can assume the read role. The account needs GitHub's OIDC provider."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = can(regex("^(repo:[^*?,$]+(,repo:[^*?,$]+)*)?$", join(",", var.github_subjects)))
    error_message = "github_subjects must be like repo:owner/name:environment:production, without wildcards and $."
  }
}

variable "first_oidc" {
  description = "Another OIDC issuer, the audience of its tokens, and the exact sub claims that can assume the read role: ISSUER|AUDIENCE|SUBJECT,SUBJECT with the issuer's URL without https://. The account needs its OIDC provider."
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

variable "account_ids" {
  description = "Other accounts to trust. Requires org_id or external_id."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = can(regex("^([0-9]{12}(,[0-9]{12})*)?$", join(",", var.account_ids)))
    error_message = "account_ids must be account IDs of 12 digits."
  }
}

variable "org_id" {
  description = "ID of the organization to which principals of other accounts must belong"
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(o-[a-z0-9]{10,32})?$", var.org_id))
    error_message = "org_id must be an organization ID, such as o-a1b2c3d4e5."
  }
}

variable "external_id" {
  description = "External ID that principals of other accounts must give"
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9+=,.@:/_-]{2,})?$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "external_id must be 2 to 1224 letters, digits and +=,.@:/_-."
  }
}

variable "permissions_boundary" {
  description = "ARN of a managed policy to use as the permissions boundary of the roles"
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:[a-z0-9-]+:iam::([0-9]{12}|aws):policy/.+)?$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of a managed policy."
  }
}

variable "billing_mode" {
  description = "Billing mode of the table: on demand, or provisioned capacity"
  type        = string
  default     = "PAY_PER_REQUEST"
  nullable    = false

  validation {
    condition     = contains(["PAY_PER_REQUEST", "PROVISIONED"], var.billing_mode)
    error_message = "billing_mode must be PAY_PER_REQUEST or PROVISIONED."
  }
}

variable "read_capacity" {
  description = "Read units per second, if provisioned"
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.read_capacity >= 1
    error_message = "read_capacity must be at least 1."
  }

  validation {
    condition     = floor(var.read_capacity) == var.read_capacity
    error_message = "read_capacity must be a whole number."
  }
}

variable "write_capacity" {
  description = "Write units per second, if provisioned"
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.write_capacity >= 1
    error_message = "write_capacity must be at least 1."
  }

  validation {
    condition     = floor(var.write_capacity) == var.write_capacity
    error_message = "write_capacity must be a whole number."
  }
}

variable "history_days" {
  description = "Days for which changes are kept in the log, at least 1, because watching reads the log"
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.history_days >= 1 && var.history_days <= 36500
    error_message = "history_days must be at least 1 and at most 36500."
  }

  validation {
    condition     = floor(var.history_days) == var.history_days
    error_message = "history_days must be a whole number."
  }
}

variable "make_kms_key" {
  description = "Whether the stack creates a KMS key that encrypts the table and its secrets. The key is kept from then on."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of an existing KMS key in this account and region that encrypts the table and its secrets. Do not change it later: the secrets would be unreadable."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, not of an alias."
  }
}

variable "make_api" {
  description = "Whether the stack has an HTTP API: API Gateway with IAM authorization and a Lambda function"
  type        = bool
  default     = false
  nullable    = false
}

variable "code_bucket" {
  description = "Versioned bucket in this region that holds the function's code"
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.code_bucket))
    error_message = "code_bucket must be a bucket name."
  }
}

variable "code_key" {
  description = "Object key of the zip file. If it is the SHA-256 of the content in hexadecimal with .zip, discfg verifies the code of the function."
  type        = string
  default     = "none"
  nullable    = false
}

variable "code_version" {
  description = "S3 version ID of the zip file. A new key or version updates the function."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = length(var.code_version) >= 1 && length(var.code_version) <= 1024
    error_message = "code_version must have 1 to 1024 characters."
  }
}

variable "code_architecture" {
  description = "Processor architecture of the code"
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.code_architecture)
    error_message = "code_architecture must be x86_64 or arm64."
  }
}

variable "api_waits" {
  description = "Reserved executions of the function, for requests that wait for a change. 0 reserves none and disables waiting."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.api_waits >= 0 && var.api_waits <= 10000
    error_message = "api_waits must be at least 0 and at most 10000."
  }

  validation {
    condition     = floor(var.api_waits) == var.api_waits
    error_message = "api_waits must be a whole number."
  }
}

variable "api_rate" {
  description = "Rate limit of API Gateway, in requests per second"
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.api_rate >= 1
    error_message = "api_rate must be at least 1."
  }

  validation {
    condition     = floor(var.api_rate) == var.api_rate
    error_message = "api_rate must be a whole number."
  }
}

variable "api_burst" {
  description = "Burst limit of API Gateway, in requests"
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.api_burst >= 1
    error_message = "api_burst must be at least 1."
  }

  validation {
    condition     = floor(var.api_burst) == var.api_burst
    error_message = "api_burst must be a whole number."
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
