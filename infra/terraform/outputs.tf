output "config" {
  description = "Name of the config, known once its stack exists, for the module grant"
  value       = trimprefix(aws_cloudformation_stack.config.name, "discfg-")
}

output "discfg_layout" {
  description = "Layout of the table; identifies stacks of discfg"
  value       = aws_cloudformation_stack.config.outputs["DiscfgLayout"]
}

output "table_name" {
  description = "Name of the table"
  value       = aws_cloudformation_stack.config.outputs["TableName"]
}

output "table_arn" {
  description = "ARN of the table"
  value       = aws_cloudformation_stack.config.outputs["TableArn"]
}

output "read_role_arn" {
  description = "ARN of the read role"
  value       = aws_cloudformation_stack.config.outputs["ReadRoleArn"]
}

output "write_role_arn" {
  description = "ARN of the write role"
  value       = aws_cloudformation_stack.config.outputs["WriteRoleArn"]
}

output "read_policy_arn" {
  description = "ARN of the read policy, which can be attached to other principals"
  value       = aws_cloudformation_stack.config.outputs["ReadPolicyArn"]
}

output "write_policy_arn" {
  description = "ARN of the write policy, which can be attached to other principals"
  value       = aws_cloudformation_stack.config.outputs["WritePolicyArn"]
}

output "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the table and its secrets, if it has one"
  value       = lookup(aws_cloudformation_stack.config.outputs, "KmsKeyArn", null)
}

output "api_endpoint" {
  description = "URL of the HTTP API, if make_api is true"
  value       = lookup(aws_cloudformation_stack.config.outputs, "ApiEndpoint", null)
}

output "api_id" {
  description = "ID of the HTTP API, if make_api is true"
  value       = lookup(aws_cloudformation_stack.config.outputs, "ApiId", null)
}
