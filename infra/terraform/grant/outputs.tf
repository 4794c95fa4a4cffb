output "discfg_layout" {
  description = "Layout of the config's table; identifies stacks of discfg"
  value       = aws_cloudformation_stack.grant.outputs["DiscfgLayout"]
}

output "role_arn" {
  description = "ARN of the role"
  value       = aws_cloudformation_stack.grant.outputs["RoleArn"]
}

output "policy_arn" {
  description = "ARN of the policy, which can be attached to other principals"
  value       = aws_cloudformation_stack.grant.outputs["PolicyArn"]
}
