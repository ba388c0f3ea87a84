"""The read API of Spring Cloud Config below /spring, for its clients as they are.

    spring.config.import=configserver:http://127.0.0.1:8080/spring

    asked.py        what a request means here: environment, service, tenant, token
    properties.py   values as the properties that Spring binds
    routes.py       the routes
    documented.py   what OpenAPI says of them

Everything is made from the document that /v1/config gives the same caller, so it tells nothing that that does not.
"""
