resource "alicloud_oss_bucket_referer" "site" {
  bucket                      = "examplebucket"
  allow_empty_referer         = false
  allow_truncate_query_string = true
  referer_list = [
    "https://www.example.com/",
    "https://m.example.com/", # plan-bad.json is the plan without this line
  ]
}
