"""Access control: identities, policies, ACLs and the decision on a request.

policy = Policy.parse(document, PolicyType.IDENTITY, "reader")
reader = Identity("1000000000000001", kind=Kind.USER, name="reader", policies=(policy,))
inputs = PolicyInputs(("oss:GetObject",), resource("cn-hangzhou", "1000000000000001", "b", "key"))
authorize(reader, "1000000000000001", Permission.READ, "private", inputs=inputs)
"""
