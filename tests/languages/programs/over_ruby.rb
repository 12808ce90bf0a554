# Calls the SDK for Ruby as a program would. Its arguments are the endpoint, the key and a large file.
require "aliyun/oss"

endpoint, access_key_id, access_key_secret, large = ARGV
client = Aliyun::OSS::Client.new(
  endpoint: endpoint, access_key_id: access_key_id, access_key_secret: access_key_secret
)
bucket = client.get_bucket("examplebucket")

names = ["50%", "a b", "a+b", "目录/图 1+1=100%.png"]
read = names.map do |name|
  bucket.put_object(name) { |stream| stream << name.dup }
  content = +""
  bucket.get_object(name) { |chunk| content << chunk }
  content.force_encoding("UTF-8")
end
puts "listed #{bucket.list_objects.map(&:key) == names}"
puts "read #{read == names}"

bucket.copy_object("a+b", "copy")
bucket.delete_object("a+b")
puts "moved #{bucket.object_exists?("copy")} #{bucket.object_exists?("a+b")}"

bucket.resumable_upload("large", large, part_size: 1024 * 1024)
bucket.resumable_download("large", "#{large}.back", part_size: 1024 * 1024)

bucket.referer = Aliyun::OSS::BucketReferer.new(
  allow_empty: false, whitelist: ["http://*.example.com"]
)
rules = bucket.referer
puts "rules #{rules.allow_empty?} [#{rules.whitelist.join(" ")}]"

begin
  bucket.get_object("missing") { |chunk| chunk }
rescue Aliyun::OSS::ServerError => error
  puts "missing #{error.error_code}"
end

stranger = Aliyun::OSS::Client.new(
  endpoint: endpoint, access_key_id: access_key_id, access_key_secret: "wrong"
)
begin
  stranger.get_bucket("examplebucket").put_object("denied") { |body| body << "x" * 10 * 1024 * 1024 }
rescue Aliyun::OSS::ServerError => error
  puts "denied #{error.error_code}"
end
