variable "environment" {
  type        = string
  description = "Where it runs."
}

variable "limits" {
  type = map(number)
  default = {
    orders = 25
  }
}

variable "partner_key" {
  type      = string
  sensitive = true
}
