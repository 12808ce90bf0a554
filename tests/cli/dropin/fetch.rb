# Asks for an object by Net::HTTP; it does not know the emulator.
require "net/http"

%w[https http].each do |scheme|
  url = "#{scheme}://examplebucket.oss-cn-hangzhou.aliyuncs.com/missing"
  puts Net::HTTP.get_response(URI(url)).code
end
