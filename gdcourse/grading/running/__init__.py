"""From a job to a result: the judge, one submission at a time, and the workers that run many.

In comes a job, a dictionary that survives JSON; out comes a result, another one, whatever the submission does. It calls
the sandbox, and knows neither the course's folders nor its gradebook.
"""
